"""What waits for a row that somebody else has locked gives up, and says that it may be asked again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError

from runners.models import Runner
from runners.protocol.words import Outcome
from scraping import claims, doors, fence, logins, outage
from scraping.models import ScrapeJob, Scraper
from scraping.units import Unit
from tests import make


def acknowledge(job: ScrapeJob, runner: Runner) -> None:
    claims.acknowledge(job.pk, runner=runner)


def lock(job: ScrapeJob, runner: Runner) -> None:
    with transaction.atomic():
        fence.lock(job.pk)


def watch_logins(job: ScrapeJob, runner: Runner) -> None:
    with transaction.atomic():
        logins.watch([Unit("1", "acme", outcome=Outcome.LOGIN_FAILED)])


def by_hand(job: ScrapeJob, runner: Runner) -> None:
    with doors.transact():
        ScrapeJob.objects.select_for_update(no_key=True).get(pk=job.pk)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_lock_longer_than_five_seconds() -> None:
    runner = make.runner()
    job = make.running_job(runner)
    make.scraper("acme")

    def error_of(way: Callable[[ScrapeJob, Runner], None]) -> Exception | None:
        try:
            way(job, runner)
        except OperationalError as error:
            return error
        finally:
            connection.close()
        return None

    with transaction.atomic(), ThreadPoolExecutor(4) as threads:
        ScrapeJob.objects.select_for_update().get(pk=job.pk)
        Scraper.objects.select_for_update().get(slug="acme")
        errors = list(threads.map(error_of, [acknowledge, lock, watch_logins, by_hand], timeout=30))
    assert [error and "lock timeout" in str(error) and outage.is_outage(error) for error in errors] == [True] * 4
