"""Many at once: runners, web processes and staff, in threads and in processes."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

import pytest
from django.db import connection
from rest_framework.test import APIClient

from pipeline.models import Product
from scraping.models import Presence, ScrapeJob
from tests import make
from tests.elsewhere import processes
from tests.scraping import machine_checks as checks
from tests.scraping.together import API, Life, own_connection, poll, sweep_once

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SKUS = [f"BS-{number}" for number in range(12)]
_Said = TypeVar("_Said")


def at_once(acts: Sequence[Callable[[], _Said]]) -> list[_Said]:
    """Let each run in a thread of its own; all begin together."""
    ready = threading.Barrier(len(acts))

    def run(act: Callable[[], _Said]) -> _Said:
        ready.wait(10)
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def jobs_and_keys(jobs: int, runners: int) -> list[str]:
    """So many jobs, and the keys of so many runners."""
    make.scraper("acme")
    for number in range(jobs):
        make.job(skus=[str(number)])
    return [make.key(make.runner(f"runner-{number}")) for number in range(runners)]


def test_fifty_polls_at_once_lend_each_of_ten_jobs_once() -> None:
    secrets = jobs_and_keys(jobs=10, runners=5)
    lent = at_once([partial(poll, secret) for secret in secrets * 10])
    assert Counter(lent) == Counter([None] * 40 + [str(job.pk) for job in ScrapeJob.objects.all()])


@pytest.mark.slow
def test_fifty_polls_from_many_processes_do_too() -> None:
    secrets = jobs_and_keys(jobs=10, runners=5)
    with processes(5) as others:
        lent = list(others.map(poll, secrets * 10))
    assert Counter(lent) == Counter([None] * 40 + [str(job.pk) for job in ScrapeJob.objects.all()])


@pytest.mark.slow
def test_three_processes_that_sweep_put_one_successor_for_each_loss() -> None:
    Presence.objects.create(seen_at=NOON, resumed_at=NOON - timedelta(hours=1))
    lost = [make.running_job(make.runner(f"runner-{number}"), skus=[str(number)]) for number in range(20)]
    past = dict.fromkeys(["started_at", "acknowledged_at", "heartbeat_at", "progress_at", "lease_expires_at"], NOON)
    ScrapeJob.objects.update(**past)
    with processes(3) as others:
        swept = list(others.map(sweep_once, [NOON + timedelta(seconds=5)] * 30))
    assert sum(swept) == 20
    successors = ScrapeJob.objects.filter(retry_of__isnull=False)
    assert Counter(job.retry_of_id for job in successors) == Counter(job.pk for job in lost)


def test_two_jobs_that_end_with_the_same_products_keep_both_sources() -> None:
    runners = [make.runner(slug) for slug in ("acme", "bradley")]
    clients = {runner.name: make.api(make.key(runner)) for runner in runners}
    for slug in clients:
        make.scraper(slug)
    for number in range(5):
        skus = [f"{number}-{sku}" for sku in range(6)]
        for sku in skus:
            make.product(sku)
        made = [make.running_job(runner, skus=skus, scrapers=[runner.name]) for runner in runners]

        def end(job: ScrapeJob) -> int:
            slug = job.scrapers[0]
            skus = job.skus if slug == "acme" else job.skus[::-1]
            data = {sku: {slug: {"title": f"{sku} of {slug}"}} for sku in skus}
            body = {"job_id": str(job.pk), "status": "completed", "results": {"data": data}}
            with own_connection():
                return int(clients[slug].post(API + "callback", body, format="json").status_code)

        assert at_once([partial(end, job) for job in made]) == [200, 200]
        sources = [set(product.sources) for product in Product.objects.filter(sku__in=skus)]
        assert sources == [{"acme", "bradley"}] * 6


class Site:
    """Counts who really is at work on it."""

    def __init__(self) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()

    def enter(self) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)

    def leave(self) -> None:
        with self._lock:
            self._now -= 1


def work(secret: str, sites: dict[str, Site]) -> int:
    """One runner takes jobs until none is left; returns how many it did."""
    client, pause, done = make.api(secret), threading.Event(), 0
    with own_connection():
        for _ in range(1000):
            job = client.post(API + "poll", {"version": "1"}, format="json").json()["job"]
            if job is not None:
                visit(client, job["job_id"], [scraper["name"] for scraper in job["scrapers"]], sites)
                done += 1
            elif ScrapeJob.objects.filter(status="pending").exists():
                pause.wait(0.05)
            else:
                break
    return done


def visit(client: APIClient, job_id: str, left: list[str], sites: dict[str, Site]) -> None:
    """Go to a site once a beat was answered without a wait, and say with the next one that it was left."""
    pause = threading.Event()
    for number in range(1, 1000):
        if not left:
            break
        slug = left[number % len(left)]
        said = {"job_id": job_id, "working": [slug], "seq": number}
        answer = client.post(API + "heartbeat", {"status": "busy", "jobs": [said]}, format="json").json()
        if slug in (answer.get("wait") or {}).get(job_id, []):
            pause.wait(0.02)
            continue
        sites[slug].enter()
        client.post(API + "logs", {"job_id": job_id, "logs": [{"message": slug}]}, format="json")
        sites[slug].leave()
        left.remove(slug)
    client.post(API + "callback", {"job_id": job_id, "status": "completed"}, format="json")


def _deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("writes", [500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_two_of_many_random_writers_wait_for_each_other(writes: int) -> None:
    before, lives, user = _deadlocks(), 6, make.staff()
    for slug in ("acme", "bradley"):
        make.scraper(slug, max_parallel_jobs=2 if slug == "acme" else None)
    for sku in SKUS:
        make.product(sku)
    for number in range(writes // 15):
        skus = [SKUS[(number * 5 + step) % len(SKUS)] for step in range(4)]
        make.job(skus=skus, scrapers=["acme", "bradley"])
    runners = [make.runner(f"runner-{number}") for number in range(lives)]
    acts = [Life(number, make.key(runner), runner, user) for number, runner in enumerate(runners)]
    said = sum(at_once([partial(life.live, writes // lives) for life in acts]), Counter[str]())
    connection.close()
    assert _deadlocks() == before
    assert {word for word in said if word.startswith("status")} <= {"status 200", "status 409"}
    assert said["status 200"] > writes / 8
    checks.check_state(checks.State.now())
