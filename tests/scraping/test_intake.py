"""Taking in results and the last word."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection
from django.utils import timezone

from runners.models import Runner
from runners.protocol.messages import Callback
from runners.protocol.words import Outcome, Reason
from scraping import intake, jobs, scrapers
from scraping.models import ScrapeJob, Scraper, ScrapeResult
from scraping.refusals import CancelledError, FinishedError, ForeignUnitError, NotYoursError
from scraping.signals import results_recorded
from tests import make

pytestmark = pytest.mark.django_db

NOW = timezone.now() + timedelta(hours=1)  # later than anything a slow run of the tests writes


@pytest.fixture
def runner() -> Runner:
    return make.runner()


@pytest.fixture
def job(runner: Runner) -> ScrapeJob:
    return make.running_job(runner, skus=["a", "b"], scrapers=["acme"])


@pytest.fixture
def heard() -> Iterator[list[ScrapeResult]]:
    """What the signal's listeners heard."""
    known: list[ScrapeResult] = []

    def listen(results: list[ScrapeResult], **kwargs: Any) -> None:
        known.extend(results)

    results_recorded.connect(listen)
    yield known
    results_recorded.disconnect(listen)


def call(job: ScrapeJob, status: str = "running", *, by: Runner | None = None, **values: Any) -> dict[str, Any]:
    """A callback with `flat` or `items` results."""
    flat, items = values.pop("flat", None), values.pop("items", None)
    if flat is not None or items is not None:
        values["results"] = {"data": flat or {}, "items": items}
    message = Callback.model_validate({"job_id": str(job.pk), "status": status, **values})
    assert job.runner
    answer = intake.callback(message, runner=by or job.runner, now=NOW)
    job.refresh_from_db()
    return answer


def item(sku: str, outcome: str = "found", *, scraper: str = "acme", **fields: Any) -> dict[str, Any]:
    return {"sku": sku, "scraper": scraper, "outcome": outcome, "fields": fields}


class TestRunning:
    def test_it_records_what_it_carries_and_leaves_the_job_running(self, job: ScrapeJob) -> None:
        answer = call(job, flat={"a": {"acme": {"title": "A", "url": "https://x/a"}}})
        assert answer == {"success": True, "recorded": 1, "remaining": 1}
        result = ScrapeResult.objects.get()
        assert (result.root_id, result.job, result.outcome, result.version) == (job.pk, job, "found", 1)
        assert (result.fields, result.url) == ({"name": "A"}, "https://x/a")
        assert (job.status, job.done, job.progress_at) == ("running", 1, NOW)
        assert job.lease_expires_at == NOW + timedelta(seconds=45)

    def test_one_without_results_renews_the_lease_alone(self, job: ScrapeJob) -> None:
        assert call(job) == {"success": True, "recorded": 0, "remaining": 2}
        assert (job.heartbeat_at, job.progress_at) == (NOW, None)

    def test_both_forms_may_come_together(self, job: ScrapeJob) -> None:
        assert call(job, flat={"a": {"acme": {}}}, items=[item("b")])["recorded"] == 2
        assert dict(ScrapeResult.objects.values_list("sku", "outcome")) == {"a": "not_found", "b": "found"}

    def test_it_says_when_the_job_was_asked_to_stop(self, job: ScrapeJob) -> None:
        jobs.cancel(job.pk)
        assert call(job)["cancel"] is True

    def test_a_successor_records_for_the_root(self, runner: Runner, job: ScrapeJob) -> None:
        make.result(job, sku="a")
        successor = make.running_job(runner, skus=["b"], root=job)
        assert call(successor) == {"success": True, "recorded": 0, "remaining": 1}
        assert call(successor, items=[item("b")]) == {"success": True, "recorded": 1, "remaining": 0}
        assert (successor.done, successor.total) == (1, 1)
        assert set(ScrapeResult.objects.values_list("root_id", "sku", "job_id")) == {
            (job.pk, "a", job.pk),
            (job.pk, "b", successor.pk),
        }


class TestRepeats:
    def test_an_equal_repeat_is_ignored(self, job: ScrapeJob, heard: list[ScrapeResult]) -> None:
        call(job, items=[item("a", name="A")])
        assert call(job, items=[item("a", name="A")])["recorded"] == 0
        assert (ScrapeResult.objects.count(), len(heard), job.log_head) == (1, 1, 0)

    def test_a_fuller_repeat_adds_the_missing_fields(self, job: ScrapeJob, heard: list[ScrapeResult]) -> None:
        call(job, flat={"a": {"acme": {"price": 1, "ratings": 4}}})
        answer = call(job, flat={"a": {"acme": {"price": 1, "title": "A", "url": "https://x/a", "ratings": 5}}})
        assert answer["recorded"] == 0
        result = ScrapeResult.objects.get()
        assert (result.fields, result.outcome) == ({"price": 1, "name": "A"}, "found")
        assert (result.raw, result.url) == ({"ratings": 4}, "https://x/a")
        assert [heard_of.fields for heard_of in heard][-1] == {"price": 1, "name": "A"}

    def test_a_contradicting_repeat_changes_nothing_and_leaves_a_warning(self, job: ScrapeJob) -> None:
        call(job, items=[item("a", name="A")])
        call(job, items=[item("a", name="Z", brand="B")])
        call(job, items=[item("a", "blocked")])
        assert ScrapeResult.objects.get().fields == {"name": "A"}
        lines = job.lines.values_list("level", "sku", "scraper")
        assert list(lines) == [("warning", "a", "acme")] * 2
        assert job.log_head == 2

    def test_a_unit_twice_in_one_message_counts_once(self, job: ScrapeJob) -> None:
        assert call(job, items=[item("a", name="A"), item("a", name="A", brand="B")])["recorded"] == 1
        assert ScrapeResult.objects.get().fields == {"name": "A", "brand": "B"}


class TestForeignUnits:
    @pytest.mark.parametrize(
        ("foreign", "sentence"),
        [(item("z"), "SKU z is not in this job"), (item("b", scraper="other"), "Scraper other is not in this job")],
    )
    def test_one_is_named_and_nothing_of_its_message_is_stored(
        self, job: ScrapeJob, foreign: dict[str, Any], sentence: str
    ) -> None:
        with pytest.raises(ForeignUnitError, match=sentence):
            call(job, items=[item("a"), foreign])
        assert not ScrapeResult.objects.exists()


class TestListeners:
    def test_they_hear_of_each_unit_in_sku_order(self, job: ScrapeJob, heard: list[ScrapeResult]) -> None:
        call(job, items=[item("b"), item("a")])
        assert [result.sku for result in heard] == ["a", "b"]

    def test_they_hear_nothing_of_test_runs(self, runner: Runner, heard: list[ScrapeResult]) -> None:
        call(make.running_job(runner, test_mode=True), items=[item("072705115310")])
        assert heard == []
        assert ScrapeResult.objects.count() == 1

    def test_they_hear_of_units_that_nobody_reported(self, job: ScrapeJob, heard: list[ScrapeResult]) -> None:
        call(job, "completed")
        assert [(result.sku, result.outcome) for result in heard] == [("a", "unreported"), ("b", "unreported")]

    def test_they_hear_of_all_at_once_in_sku_order(self, job: ScrapeJob, heard: list[ScrapeResult]) -> None:
        """Products are locked in that order: a second round for the units that nobody reported would close a ring."""
        call(job, "completed", items=[item("b")])
        assert [(result.sku, result.outcome) for result in heard] == [("a", "unreported"), ("b", "found")]

    @pytest.mark.parametrize("failure", [KeyError("poison"), DataError("poison")])
    def test_one_that_fails_costs_the_unit_alone(
        self, job: ScrapeJob, failure: Exception, caplog: pytest.LogCaptureFixture
    ) -> None:
        def stumble(results: list[ScrapeResult], **kwargs: Any) -> None:
            if "a" in {result.sku for result in results}:
                with connection.cursor() as cursor:
                    cursor.execute("CREATE TEMPORARY TABLE half_done ()")
                raise failure

        results_recorded.connect(stumble)
        try:
            assert call(job, items=[item("a", name="A"), item("b", name="B")])["recorded"] == 2
        finally:
            results_recorded.disconnect(stumble)
        spoiled, good = ScrapeResult.objects.order_by("sku")
        assert (good.outcome, good.fields) == ("found", {"name": "B"})
        assert (spoiled.outcome, spoiled.fields) == (Outcome.RUNNER_ERROR, {})
        assert spoiled.raw == {"fields": {"name": "A"}, "outcome": "found"}
        assert "half_done" not in connection.introspection.table_names()
        assert "poison" in caplog.text

    def test_an_outage_costs_nothing_because_the_runner_sends_again(self, job: ScrapeJob) -> None:
        def away(**kwargs: Any) -> None:
            raise OperationalError("server closed the connection")

        results_recorded.connect(away)
        try:
            with pytest.raises(OperationalError):
                call(job, items=[item("a")])
        finally:
            results_recorded.disconnect(away)


class TestTheLastWord:
    def test_completed_ends_the_job_and_records_what_nobody_reported(self, job: ScrapeJob) -> None:
        answer = call(job, "completed", items=[item("a")])
        assert answer == {"success": True, "recorded": 1, "remaining": 0}
        assert (job.status, job.completed_at, job.lease_expires_at, job.done) == ("completed", NOW, None, 1)
        assert dict(ScrapeResult.objects.values_list("sku", "outcome")) == {"a": "found", "b": "unreported"}

    def test_an_identical_repeat_gets_the_same_answer(self, job: ScrapeJob) -> None:
        first = call(job, "completed", items=[item("a")])
        assert call(job, "completed", items=[item("a")]) == first
        assert ScrapeResult.objects.count() == 2

    def test_another_one_is_refused(self, job: ScrapeJob) -> None:
        call(job, "completed", items=[item("a")])
        for status in ("completed", "failed", "running"):
            with pytest.raises(FinishedError):
                call(job, status, items=[item("b")])

    def test_completed_wins_over_a_cancel_asked_for_meanwhile(self, job: ScrapeJob) -> None:
        jobs.cancel(job.pk)
        assert "cancel" not in call(job, "completed")
        assert (job.status, job.reason) == ("completed", None)

    def test_failed_keeps_what_it_carries_and_goes_on_with_the_rest(self, job: ScrapeJob) -> None:
        answer = call(job, "failed", items=[item("a")], error_message="browser died")
        assert answer == {"success": True, "recorded": 1, "remaining": 1}
        assert (job.status, job.reason, job.error) == ("failed", "error", "browser died")
        assert ScrapeJob.objects.get(retry_of=job).skus == ["b"]

    def test_a_job_handed_back_goes_on_at_once_and_uncharged(self, job: ScrapeJob) -> None:
        call(job, "failed", reason="interrupted")
        successor = ScrapeJob.objects.get(retry_of=job)
        assert (job.reason, successor.attempt, successor.run_after) == ("interrupted", 1, NOW)

    def test_a_cancelled_job_ends_skipped(self, job: ScrapeJob) -> None:
        jobs.cancel(job.pk)
        call(job, "failed", reason="cancelled", items=[item("a")])
        assert job.reason == "cancelled"
        assert dict(ScrapeResult.objects.values_list("sku", "outcome")) == {"a": "found", "b": "skipped"}
        with pytest.raises(CancelledError):
            call(job)


class TestTheFence:
    def test_another_runner_changes_nothing(self, job: ScrapeJob) -> None:
        other = make.runner("other")
        for status in ("running", "completed", "failed"):
            with pytest.raises(NotYoursError):
                call(job, status, by=other, items=[item("a")])
        job.refresh_from_db()
        assert job.status == "running"
        assert not ScrapeResult.objects.exists()

    def test_not_even_by_repeating_the_last_word(self, job: ScrapeJob) -> None:
        call(job, "completed")
        with pytest.raises(NotYoursError):
            call(job, "completed", by=make.runner("other"))

    def test_a_late_message_is_refused_once_the_job_was_taken_back(self, job: ScrapeJob) -> None:
        jobs.fail(job, reason=Reason.INTERRUPTED, at=NOW)
        with pytest.raises(FinishedError):
            call(job, "completed", items=[item("a")])
        assert job.runner
        with pytest.raises(FinishedError):
            intake.log(str(job.pk), [], runner=job.runner)


class TestLogins:
    @pytest.fixture(autouse=True)
    def acme(self) -> Scraper:
        return make.scraper("acme")

    def failures(self) -> tuple[str, int]:
        scraper = Scraper.objects.get()
        return scraper.state, scraper.login_failures

    def test_two_failed_logins_in_a_row_pause_the_scraper(self, job: ScrapeJob) -> None:
        call(job, items=[item("a", "login_failed")])
        assert self.failures() == ("active", 1)
        call(job, items=[item("a", "login_failed")])
        assert self.failures() == ("active", 1)
        call(job, items=[item("b", "login_failed")])
        assert self.failures() == ("paused", 2)
        assert "Two logins in a row failed" in Scraper.objects.get().state_reason
        assert job.lines.get().level == "error"

    def test_a_unit_past_the_login_starts_the_count_anew(self, job: ScrapeJob) -> None:
        call(job, items=[item("a", "login_failed")])
        call(job, items=[item("b", "not_found")])
        assert self.failures() == ("active", 0)

    def test_the_order_within_a_message_counts(self, runner: Runner) -> None:
        job = make.running_job(runner, skus=["a", "b", "c"])
        call(job, items=[item("c", "login_failed"), item("a"), item("b", "login_failed")])
        assert self.failures() == ("active", 1)

    def test_a_resumed_scraper_has_a_clean_count(self, job: ScrapeJob) -> None:
        call(job, items=[item("a", "login_failed"), item("b", "login_failed")])
        scrapers.resume(Scraper.objects.get())
        assert self.failures() == ("active", 0)
