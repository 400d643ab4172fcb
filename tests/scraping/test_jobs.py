"""Beginning and ending jobs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from runners import keys
from runners.models import RunnerKey
from runners.protocol.words import JobStatus, Outcome, Reason
from scraping import doors, jobs
from scraping.jobs import Created
from scraping.models import ScrapeBatch, ScrapeJob, Scraper, ScrapeResult, ScraperState
from scraping.refusals import BatchRefusedError, UnknownJobError
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def _acme() -> None:
    make.scraper("acme")
    make.key(make.runner())


def create(skus: list[str], **changes: Any) -> Created:
    asked: dict[str, Any] = {"scrapers": ["acme"], "max_runners": 3, "context": {}, "by": None}
    return jobs.create_batch(skus=skus, **(asked | changes))


@pytest.mark.usefixtures("_acme")
class TestCreatingABatch:
    def test_it_deals_the_skus_to_jobs_that_wait_in_order(self) -> None:
        made = create([str(number) for number in range(10)])
        waiting = ScrapeJob.objects.order_by("turn")
        assert [job.skus for job in waiting] == [["0", "3", "6", "9"], ["1", "4", "7"], ["2", "5", "8"]]
        assert [job.pk for job in waiting] == [job.pk for job in made.jobs]
        assert {(job.status, job.root_id == job.pk, job.attempt, job.total >= 3) for job in waiting} == {
            ("pending", True, 1, True)
        }
        assert made.batch is not None
        assert made.batch.sku_count == 10

    def test_it_makes_no_empty_job(self) -> None:
        assert [job.skus for job in create(["a", "b"]).jobs] == [["a"], ["b"]]

    def test_it_gives_each_job_the_context_of_its_own_skus(self) -> None:
        context = {"a": {"name": "GLD FSH", "price": "3.99"}, "b": {"name": "B", "price": None}, "z": {"name": "?"}}
        made = create(["a", "b"], max_runners=2, context=context)
        assert [job.context for job in made.jobs] == [{"a": context["a"]}, {"b": context["b"]}]

    def test_it_counts_a_sku_given_twice_once(self) -> None:
        assert [job.skus for job in create(["a", "b", "a"], max_runners=1).jobs] == [["a", "b"]]

    def test_it_leaves_out_skus_of_open_jobs_and_says_in_which(self) -> None:
        first = create(["a"]).jobs[0]
        made = create(["b", "a"])
        assert [job.skus for job in made.jobs] == [["b"]]
        assert made.left_out == {"a": f"Already waiting in job {first.short}."}

    def test_it_makes_nothing_when_every_sku_is_left_out(self) -> None:
        create(["a"])
        made = create(["a"])
        assert (made.batch, made.jobs, list(made.left_out)) == (None, [], ["a"])
        assert ScrapeBatch.objects.count() == 1

    def test_it_takes_a_sku_again_once_its_job_has_ended(self) -> None:
        jobs.cancel(create(["a"]).jobs[0].pk)
        assert create(["a"]).left_out == {}

    def test_it_is_not_held_up_by_a_test_run(self) -> None:
        make.job(skus=["a"], test_mode=True)
        assert create(["a"]).left_out == {}


@pytest.mark.usefixtures("_acme")
class TestWhatABatchMayAskFor:
    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"scrapers": []}, "Choose at least one scraper"),
            ({"scrapers": ["acme", "nobody"]}, "No scraper with a definition is called nobody"),
            ({"max_runners": 0}, "a number from 1"),
        ],
    )
    def test_it_refuses_nonsense_with_a_sentence(self, changes: dict[str, Any], sentence: str) -> None:
        with pytest.raises(BatchRefusedError, match=sentence):
            create(["a"], **changes)
        assert not ScrapeBatch.objects.exists()

    def test_it_refuses_a_scraper_without_definition(self) -> None:
        Scraper.objects.create(slug="empty", display_name="Empty")
        with pytest.raises(BatchRefusedError, match="called empty"):
            create(["a"], scrapers=["empty"])

    def test_it_refuses_a_paused_scraper(self) -> None:
        Scraper.objects.update(state=ScraperState.PAUSED)
        with pytest.raises(BatchRefusedError, match="Paused: acme"):
            create(["a"])

    def test_it_refuses_a_set_that_no_single_key_may_run(self) -> None:
        make.scraper("bradley")
        RunnerKey.objects.all().delete()
        for slug in ("acme", "bradley"):
            make.key(make.runner(slug), scrapers=[slug])
        with pytest.raises(BatchRefusedError, match="No single runner key may use all of: acme, bradley"):
            create(["a"], scrapers=["acme", "bradley"])
        assert create(["a"], scrapers=["bradley"]).jobs

    def test_it_counts_neither_revoked_nor_expired_keys(self) -> None:
        keys.revoke(RunnerKey.objects.get())
        keys.issue(make.runner("late"), allowed_scrapers=None, expires_at=timezone.now() - timedelta(seconds=1))
        with pytest.raises(BatchRefusedError, match="No single runner key"):
            create(["a"])


@pytest.mark.django_db(transaction=True)
def test_pressing_twice_at_once_puts_each_sku_into_one_job() -> None:
    make.scraper("acme")
    make.key(make.runner())
    skus = [str(number) for number in range(20)]

    def press(order: list[str]) -> None:
        try:
            with doors.transact():
                create(order)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(press, [skus, skus[::-1], skus[:10], skus[10:]]))
    assert sorted(sku for job in ScrapeJob.objects.all() for sku in job.skus) == sorted(skus)


class TestEndingAJob:
    def test_a_cancelled_pending_job_ends_at_once_with_its_units_skipped(self) -> None:
        job = make.job(skus=["a", "b"])
        assert jobs.cancel(job.pk)
        job.refresh_from_db()
        assert (job.status, job.reason, job.runner) == (JobStatus.FAILED, Reason.CANCELLED, None)
        assert set(ScrapeResult.objects.values_list("sku", "outcome")) == {("a", "skipped"), ("b", "skipped")}
        assert not jobs.cancel(job.pk)

    def test_a_cancelled_running_job_goes_on_until_its_runner_stops(self) -> None:
        job = make.running_job(make.runner())
        assert jobs.cancel(job.pk)
        job.refresh_from_db()
        assert job.status == JobStatus.RUNNING
        assert job.cancel_requested_at is not None

    def test_a_job_asked_to_stop_is_cancelled_however_it_fails_and_has_no_successor(self) -> None:
        job = make.running_job(make.runner())
        jobs.cancel(job.pk)
        job.refresh_from_db()
        assert jobs.fail(job, reason=Reason.ERROR, at=timezone.now()) is None
        assert (job.reason, ScrapeJob.objects.count()) == (Reason.CANCELLED, 1)
        assert ScrapeResult.objects.get().outcome == Outcome.SKIPPED

    def test_cancelling_what_is_no_job_says_so(self) -> None:
        with pytest.raises(UnknownJobError):
            jobs.cancel("not an id")

    def test_a_completed_job_records_what_nobody_reported(self) -> None:
        job = make.running_job(make.runner(), skus=["a", "b"])
        make.result(job, sku="a")
        jobs.complete(job, at=timezone.now())
        assert dict(ScrapeResult.objects.values_list("sku", "outcome")) == {"a": "found", "b": "unreported"}


def test_a_transaction_gives_up_on_a_lock_in_time() -> None:
    with doors.transact(), connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("5s",)
    assert not transaction.get_connection().needs_rollback
