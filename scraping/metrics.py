"""What Prometheus reads: the state of the machine by indexed SQL, and what this process counted."""

import logging
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import Error, connection
from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from scraping import meters

logger = logging.getLogger(__name__)
_QUEUE = """
    SELECT slug, count(*) FROM scrape_jobs, unnest(scrapers) slug WHERE status = 'pending' GROUP BY slug
"""
# a lease is near its end when two thirds of it are gone: a runner that beats never gets there
_JOBS = """
    SELECT
        (SELECT coalesce(extract(epoch FROM statement_timestamp() - min(created_at)), 0)
            FROM scrape_jobs WHERE status = 'pending'),
        count(*),
        count(*) FILTER (WHERE lease_expires_at < statement_timestamp() + lease_seconds / 3 * interval '1 second')
    FROM scrape_jobs WHERE status = 'running'
"""
_RUNNERS = """
    SELECT count(*) FROM scraper_runners
    WHERE abs(extract(epoch FROM statement_timestamp() - last_seen)) <= %s
"""
_UNITS = """
    SELECT outcome, count(*) FROM scrape_results WHERE recorded_at >= statement_timestamp() - interval '1 day'
    GROUP BY outcome
"""
# counting the lines themselves would read them all
_LOG = """
    SELECT pg_stat_get_live_tuples(log), pg_total_relation_size(log), pg_notification_queue_usage()
    FROM (SELECT 'scrape_job_logs'::regclass::oid AS log) named
"""


def text() -> bytes:
    """All metrics in Prometheus' text format."""
    return generate_latest(meters.REGISTRY)


class Machine(Collector):
    """Reads the tables when it is asked; where they cannot be read it says so by `baystate_up 0`, and no more."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("baystate_up", "1 where the database answered.")
        try:
            found = list(_read())
        except Error as error:
            logger.warning("metrics without the database: %s", type(error).__name__)
            found = []
        up.add_metric([], 1 if found else 0)
        yield up
        yield from found


def _read() -> Iterator[GaugeMetricFamily]:
    yield _by("scraper", "baystate_jobs_pending", "Waiting jobs that need this scraper.", _rows(_QUEUE))
    ((waited, running, near),) = _rows(_JOBS)
    yield _one("baystate_jobs_oldest_pending_seconds", "Age of the job that has waited longest.", waited)
    yield _one("baystate_jobs_running", "Jobs that a runner holds.", running)
    yield _one("baystate_leases_near_expiry", "Running jobs with less than a third of their lease left.", near)
    ((online,),) = _rows(_RUNNERS, [settings.RUNNER_OFFLINE_SECONDS])
    yield _one("baystate_runners_online", "Runners that spoke lately.", online)
    yield _by("outcome", "baystate_units_last_day", "Units recorded in the last 24 hours.", _rows(_UNITS))
    ((lines, size, usage),) = _rows(_LOG)
    yield _one("baystate_log_lines", "Stored log lines, as the database estimates them.", lines)
    yield _one("baystate_log_bytes", "What they take with their indexes.", size)
    yield _one("baystate_notify_queue_usage", "How full the queue of NOTIFY is, from 0 to 1.", usage)


def _one(name: str, about: str, value: Any) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=float(value))


def _by(label: str, name: str, about: str, rows: list[tuple[Any, ...]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=[label])
    for key, value in rows:
        family.add_metric([str(key)], float(value))
    return family


def _rows(query: str, arguments: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return list(cursor.fetchall())


meters.REGISTRY.register(Machine())
