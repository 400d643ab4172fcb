"""Acts on all jobs of a batch, and its page."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from runners.protocol.words import Reason
from scraping import batches, claims, doors, jobs, retries
from scraping.models import ScrapeBatch, ScrapeJob, ScrapeResult
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make.staff("scraping.view_operations", "scraping.manage_operations"))
    return client


def three() -> ScrapeBatch:
    """One that waits, one at work, one that has ended with a unit in trouble."""
    waiting = make.job(skus=["1"])
    make.running_job(make.runner("office"), skus=["2"], batch=waiting.batch)
    done = make.running_job(make.runner("shop"), skus=["3"], batch=waiting.batch)
    make.result(done, outcome="network")
    jobs.complete(done, at=timezone.now())
    return waiting.batch


def of(name: str, batch: ScrapeBatch) -> str:
    return reverse(f"admin:scraping_scrapebatch_{name}", args=[batch.pk])


class TestCancelling:
    def test_waiting_jobs_end_and_runners_are_asked(self) -> None:
        batch = three()
        cancelled = jobs.cancel_batch(batch)
        assert [len(cancelled.ended), len(cancelled.asked)] == [1, 1]
        assert dict(batch.jobs.values_list("skus__0", "status")) == {"1": "failed", "2": "running", "3": "completed"}
        assert ScrapeResult.objects.get(sku="1").outcome == "skipped"
        assert batch.jobs.get(status="running").cancel_requested_at is not None

    def test_a_second_press_changes_nothing(self) -> None:
        batch = three()
        jobs.cancel_batch(batch)
        asked = batch.jobs.get(status="running").cancel_requested_at
        assert jobs.cancel_batch(batch) == jobs.Cancelled()
        assert batch.jobs.get(status="running").cancel_requested_at == asked

    def test_a_runner_that_dies_after_it_was_asked_leaves_no_successor(self) -> None:
        batch = three()
        jobs.cancel_batch(batch)
        running = batch.jobs.get(status="running")
        assert claims.expire(running.pk, now=timezone.now() + timedelta(minutes=5)) is not None
        running.refresh_from_db()
        assert (running.reason, batch.jobs.count()) == (Reason.CANCELLED, 3)
        assert ScrapeResult.objects.get(sku="2").outcome == "skipped"

    def test_a_runner_that_had_finished_is_believed(self) -> None:
        batch = three()
        jobs.cancel_batch(batch)
        running = batch.jobs.get(status="running")
        make.result(running)
        jobs.complete(running, at=timezone.now())
        running.refresh_from_db()
        assert (running.status, running.reason) == ("completed", None)


@pytest.mark.django_db(transaction=True)
def test_a_job_lost_at_the_same_moment_leaves_no_successor_at_work() -> None:
    """The loser holds the row lock while the cancel begins: the successor it puts is cancelled too."""
    job = make.running_job(make.runner(), skus=["1"])
    locked, begun = threading.Event(), threading.Event()

    def lose() -> None:
        try:
            with doors.transact():
                held = ScrapeJob.objects.select_for_update(no_key=True).get(pk=job.pk)
                locked.set()
                assert begun.wait(20)
                _until_somebody_waits()
                jobs.fail(held, reason=Reason.INTERRUPTED, at=timezone.now())
        finally:
            connection.close()

    def cancel() -> None:
        try:
            assert locked.wait(20)
            begun.set()
            with doors.transact():
                jobs.cancel_batch(job.batch)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(lose), pool.submit(cancel)]:
            done.result(60)
    assert list(job.batch.jobs.order_by("created_at").values_list("reason", flat=True)) == ["interrupted", "cancelled"]


def _until_somebody_waits() -> None:
    pause = threading.Event()
    with connection.cursor() as cursor:
        for _ in range(400):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            pause.wait(0.02)
    raise AssertionError("nobody waited for the lock")


class TestItsPage:
    def test_it_shows_its_jobs_and_leads_to_both_acts(self, manager: Client) -> None:
        batch = three()
        page = manager.get(of("change", batch)).content.decode()
        for job in batch.jobs.all():
            assert job.short in page
        assert of("cancel", batch) in page
        assert of("retry", batch) in page
        assert "1 of 3 units" in page

    def test_cancelling_asks_first_and_says_what_comes_of_it(self, manager: Client) -> None:
        batch = three()
        asked = manager.get(of("cancel", batch)).content.decode()
        assert "has 2 open jobs, 1 of which waits." in asked
        assert batch.jobs.filter(status="pending").exists()
        said = manager.post(of("cancel", batch), follow=True).content.decode()
        assert "1 waiting job cancelled." in said
        assert "The runner of 1 job is asked to stop" in said
        assert "were asked to stop already" in manager.post(of("cancel", batch), follow=True).content.decode()

    @pytest.mark.parametrize("act", ["cancel", "retry"])
    def test_only_those_who_manage_may_act(self, client: Client, act: str) -> None:
        client.force_login(make.staff("scraping.view_operations"))
        batch = three()
        assert client.post(of(act, batch)).status_code == 403
        assert of(act, batch) not in client.get(of("change", batch)).content.decode()

    def test_the_list_finds_a_batch_by_sku(self, manager: Client) -> None:
        batch = three()
        make.job(skus=["9"])
        listed = manager.get(reverse("admin:scraping_scrapebatch_changelist"), {"q": "3"})
        assert [row.pk for row in listed.context["cl"].result_list] == [batch.pk]

    def test_its_units_count_as_they_ended_last(self) -> None:
        make.scraper()
        make.key(make.runner())
        batch = three()
        (new,) = retries.retry(batch, outcomes=list(retries.USUAL), by=None).jobs
        make.result(new, sku="3", outcome="found")
        tally = batches.tally(batch)
        assert (tally.found, tally.trouble, tally.total) == (1, 0, 3)


class TestRetrying:
    @pytest.fixture(autouse=True)
    def _fleet(self) -> None:
        make.scraper()
        make.key(make.runner())

    def test_the_page_shows_counts_and_ticks_what_is_worth_it(self, manager: Client) -> None:
        job = make.running_job(make.runner("office"), skus=["1", "2", "3"])
        for sku, outcome in (("1", "network"), ("2", "not_found"), ("3", "found")):
            make.result(job, sku=sku, outcome=outcome)
        jobs.complete(job, at=timezone.now())
        page = manager.get(reverse("admin:scraping_scrapejob_retry", args=[job.pk])).content.decode()
        boxes = re.findall(r'name="outcomes" value="(\w+)"( checked)?', page)
        assert boxes == [("not_found", ""), ("network", " checked")]

    def test_pressing_it_leads_to_the_new_job_which_tells_where_it_comes_from(self, manager: Client) -> None:
        batch = three()
        done = batch.jobs.get(status="completed")
        retry = reverse("admin:scraping_scrapejob_retry", args=[done.pk])
        page = manager.post(retry, {"outcomes": ["network"]}, follow=True)
        new = ScrapeJob.objects.get(retry_of=done)
        assert page.redirect_chain[-1][0] == reverse("admin:scraping_scrapejob_change", args=[new.pk])
        text = re.sub(r"<[^>]+>|\s+", " ", page.content.decode())
        assert re.search(rf"Retry of +{done.short} +completed +by maria", text)
        old = manager.get(reverse("admin:scraping_scrapejob_change", args=[done.pk])).content.decode()
        assert re.search(rf"Retried in +{new.short} +pending", re.sub(r"<[^>]+>|\s+", " ", old))

    def test_a_second_press_says_why_nothing_was_started(self, manager: Client) -> None:
        batch = three()
        for _ in range(2):
            page = manager.post(of("retry", batch), {"outcomes": ["network"]}, follow=True).content.decode()
        assert "Nothing was started. Already waiting in job" in page
        assert batch.jobs.filter(retry_of__isnull=False).count() == 1

    def test_what_is_left_out_is_named(self, manager: Client) -> None:
        batch = three()
        done = make.running_job(make.runner("depot"), skus=["4"], batch=batch)
        make.result(done, outcome="network")
        jobs.complete(done, at=timezone.now())
        make.job(skus=["4"])
        page = manager.post(of("retry", batch), {"outcomes": ["network"]}, follow=True).content.decode()
        assert "1 new job for 1 SKU." in page
        assert "1 SKU left out: 4. Already waiting in job" in page

    def test_nothing_ticked_is_said(self, manager: Client) -> None:
        assert "Tick what is to be tried again." in manager.post(of("retry", three())).content.decode()

    def test_where_all_was_found_there_is_nothing_to_press(self, manager: Client) -> None:
        job = make.running_job(make.runner("office"))
        make.result(job)
        jobs.complete(job, at=timezone.now())
        retry = reverse("admin:scraping_scrapejob_retry", args=[job.pk])
        assert retry not in manager.get(reverse("admin:scraping_scrapejob_change", args=[job.pk])).content.decode()
        assert "There is nothing to retry" in manager.get(retry).content.decode()
