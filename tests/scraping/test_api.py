"""The runner API, shape by shape."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from runners.models import Runner
from runners.protocol.words import Reason
from scraping import credentials, jobs, queries
from scraping.models import ScrapeJob, Scraper, ScrapeResult
from tests import make

pytestmark = pytest.mark.django_db

V1 = "/api/scraper/v1"
CALLBACKS = ["/api/admin/scraping/callback", f"{V1}/callback"]


@pytest.fixture
def runner() -> Runner:
    make.scraper("acme")
    return make.runner(status="idle")


@pytest.fixture
def api(runner: Runner) -> APIClient:
    return make.api(make.key(runner))


def post(api: APIClient, path: str, body: Any = None, *, expect: int = 200) -> Any:
    answer = api.post(f"{V1}/{path}", body or {}, format="json")
    assert answer.status_code == expect, answer.content
    return answer.json()


def get(api: APIClient, path: str, *, expect: int = 200, **query: Any) -> Any:
    answer = api.get(f"{V1}/{path}", query)
    assert answer.status_code == expect, answer.content
    return answer.json()


class TestPoll:
    def test_there_is_nothing_to_do(self, api: APIClient, runner: Runner) -> None:
        assert post(api, "poll", {"runner_name": "somebody else"}) == {"job": None}
        runner.refresh_from_db()
        assert runner.status == "polling"

    def test_a_plain_client_gets_its_job(self, api: APIClient, runner: Runner) -> None:
        waiting = make.job(skus=["a", "b"], context={"a": {"name": "A", "price": None}})
        job = post(api, "poll")["job"]
        assert list(job) == [
            *["job_id", "skus", "test_mode", "max_workers", "scrapers"],
            *["lease_seconds", "heartbeat_seconds", "acknowledge_seconds", "beats", "done", "context"],
        ]
        assert list(job["scrapers"][0]) == [
            *["name", "display_name", "disabled", "base_url", "search_url_template", "selectors", "options"],
            *["test_skus", "definition", "version"],
        ]
        assert (job["job_id"], job["skus"], job["max_workers"]) == (str(waiting.pk), ["a", "b"], 3)
        assert (job["lease_seconds"], job["acknowledge_seconds"]) == (600, 60)
        runner.refresh_from_db()
        assert runner.status == "busy"

    @pytest.mark.parametrize("said", [{"job_id": None}, {"holding": None}, {"version": None, "capabilities": None}])
    def test_null_is_as_good_as_nothing(self, api: APIClient, said: dict[str, None]) -> None:
        make.job()
        job = post(api, "poll", said)["job"]
        assert (job["lease_seconds"], job["acknowledge_seconds"]) == (600, 60)

    def test_any_of_our_keys_makes_it_one_of_ours(self, api: APIClient, runner: Runner) -> None:
        make.job()
        job = post(api, "poll", {"version": "0.1", "schema_version": 1, "capabilities": ["http"]})["job"]
        assert (job["lease_seconds"], job["heartbeat_seconds"], job["acknowledge_seconds"]) == (45, 10, 15)
        runner.refresh_from_db()
        assert (runner.version, runner.capabilities) == ("0.1", ["http"])

    def test_unknown_keys_are_ignored(self, api: APIClient) -> None:
        make.job()
        assert post(api, "poll", {"lease_token": "x"})["job"]["lease_seconds"] == 600

    def test_the_key_decides_what_is_offered(self, runner: Runner) -> None:
        make.scraper("bradley")
        make.job(scrapers=["acme", "bradley"])
        assert post(make.api(make.key(runner, scrapers=["acme"])), "poll") == {"job": None}
        assert post(make.api(make.key(runner, scrapers=[])), "poll") == {"job": None}
        assert post(make.api(make.key(runner, scrapers=["acme", "bradley"])), "poll")["job"]

    def test_one_job_may_be_asked_for(self, api: APIClient) -> None:
        make.job()
        wanted = make.job()
        assert post(api, "poll", {"job_id": str(wanted.pk)})["job"]["job_id"] == str(wanted.pk)
        assert post(api, "poll", {"job_id": "no-such-id"}) == {"job": None}

    def test_after_a_restart_it_says_what_is_still_held(self, api: APIClient, runner: Runner) -> None:
        kept, stopped = make.running_job(runner), make.running_job(runner)
        jobs.cancel(stopped.pk)
        held = post(api, "poll", {"holding": [str(kept.pk), str(stopped.pk), "gone"]})["held"]
        assert held == {str(kept.pk): "keep", str(stopped.pk): "cancel", "gone": "lost"}

    def test_what_it_holds_comes_before_anything_new(self, api: APIClient, runner: Runner) -> None:
        kept, waiting = make.running_job(runner), make.job()
        assert post(api, "poll", {"holding": [str(kept.pk)]})["job"] is None
        assert post(api, "poll", {"holding": ["gone"]})["job"]["job_id"] == str(waiting.pk)

    def test_an_empty_queue_costs_few_queries(
        self, api: APIClient, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        post(api, "poll")
        # the key, whether anything waits, the runner's row; and opening and closing the transaction
        with django_assert_max_num_queries(5):
            post(api, "poll")


class TestJob:
    def test_asking_for_the_job_acknowledges_it(self, api: APIClient) -> None:
        make.job()
        job = post(api, "poll")["job"]
        assert get(api, "job", job_id=job["job_id"]) == job
        assert ScrapeJob.objects.get().acknowledged_at is not None

    def test_it_is_shown_to_its_holder_alone(self, api: APIClient) -> None:
        others = make.running_job(make.runner("other"))
        assert get(api, "job", expect=400)["code"] == "malformed"
        assert get(api, "job", expect=404, job_id="x\0y")["code"] == "unknown_job"
        assert get(api, "job", expect=409, job_id=others.pk)["code"] == "not_yours"

    def test_an_ended_job_says_how_it_ended(self, api: APIClient, runner: Runner) -> None:
        for reason, code in ((Reason.ERROR, "finished"), (Reason.CANCELLED, "cancelled")):
            job = make.running_job(runner)
            jobs.fail(job, reason=reason, at=timezone.now())
            assert get(api, "job", expect=409, job_id=job.pk)["code"] == code


class TestHeartbeat:
    def test_a_plain_beat(self, api: APIClient, runner: Runner) -> None:
        job = make.running_job(runner)
        said = {"status": "busy", "current_job_id": str(job.pk), "jobs_completed": 3, "memory_usage_mb": 120.6}
        answer = post(api, "heartbeat", {"runner_name": "x", **said})
        assert answer.pop("timestamp")
        assert answer == {"acknowledged": True, "jobs": {str(job.pk): "ok"}, "heartbeat_seconds": 10}
        runner.refresh_from_db()
        assert (runner.status, runner.jobs_completed, runner.memory_mb) == ("busy", 3, 121)

    def test_one_beat_speaks_of_all_jobs(self, api: APIClient, runner: Runner) -> None:
        held = [make.running_job(runner), make.running_job(runner)]
        said = [{"job_id": str(job.pk), "step": "acme 1", "done": 0, "total": 1} for job in held]
        answer = post(api, "heartbeat", {"status": "busy", "jobs": [*said, {"job_id": "?"}], "draining": True})
        assert answer["jobs"] == {str(held[0].pk): "ok", str(held[1].pk): "ok", "?": "lost"}
        runner.refresh_from_db()
        assert runner.status == "draining"

    def test_a_full_disk_is_said_aloud(self, api: APIClient, runner: Runner) -> None:
        post(api, "heartbeat", {"status": "idle", "disk_full": True})
        runner.refresh_from_db()
        assert "disk is full" in runner.last_words

    def test_it_says_which_site_has_no_room_yet(self, api: APIClient, runner: Runner) -> None:
        Scraper.objects.filter(slug="acme").update(max_parallel_jobs=1)
        make.scraper("bradley")
        for _ in range(2):
            make.job(scrapers=["acme", "bradley"])
        first, second = (post(api, "poll", {"version": "1"})["job"] for _ in range(2))
        assert [scraper["name"] for scraper in second["scrapers"]] == ["bradley", "acme"]
        said = {"job_id": second["job_id"], "working": ["acme", "bradley"], "seq": 1}
        assert post(api, "heartbeat", {"jobs": [said]})["wait"] == {second["job_id"]: ["acme"]}
        done = {"job_id": first["job_id"], "working": ["bradley"], "seq": 1}
        assert "wait" not in post(api, "heartbeat", {"jobs": [done]})
        assert "wait" not in post(api, "heartbeat", {"jobs": [said | {"seq": 2}]})

    @pytest.mark.parametrize("count", [1, 10])
    def test_it_costs_three_queries_however_many_jobs(
        self, api: APIClient, runner: Runner, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        said = [{"job_id": str(make.running_job(runner).pk), "working": ["acme"], "seq": 1} for _ in range(count)]
        post(api, "poll")
        with django_assert_max_num_queries(5):  # and opening and closing the transaction
            post(api, "heartbeat", {"status": "busy", "jobs": said})


class TestCredentials:
    @pytest.mark.parametrize("path", ["credentials?scraper=bradley", "credentials/bradley"])
    def test_they_are_given_to_who_needs_them(self, api: APIClient, runner: Runner, path: str) -> None:
        credentials.store(make.scraper("bradley"), {"username": "u", "password": "p", "account": "7"})
        make.running_job(runner, scrapers=["bradley"])
        answer = api.get(f"{V1}/{path}")
        assert answer.json() == {"username": "u", "password": "p", "account": "7"}
        assert answer["Cache-Control"] == "no-store"

    def test_otherwise_it_says_why_not(self, api: APIClient, runner: Runner) -> None:
        assert get(api, "credentials", expect=400)["code"] == "malformed"
        assert get(api, "credentials/acme", expect=403)["code"] == "no_job"
        assert get(api, "credentials", expect=403, scraper="a\0")["code"] == "no_job"
        make.running_job(runner)
        assert get(api, "credentials/acme", expect=404)["code"] == "no_credentials"
        narrow = make.api(make.key(runner, scrapers=["bradley"]))
        assert get(narrow, "credentials/acme", expect=403)["code"] == "scraper_not_allowed"


class TestLogs:
    def send(self, api: APIClient, job: ScrapeJob, *lines: dict[str, Any], expect: int = 200) -> Any:
        return post(api, "logs", {"job_id": str(job.pk), "logs": list(lines)}, expect=expect)

    def test_plain_lines(self, api: APIClient, runner: Runner) -> None:
        job = make.running_job(runner)
        line = {"level": "INFO", "message": "hi", "timestamp": "2026-11-22T04:15:30"}
        assert self.send(api, job, line) == {"success": True, "count": 1}
        assert self.send(api, job, line) == {"success": True, "count": 0}

    def test_numbered_lines(self, api: APIClient, runner: Runner) -> None:
        job = make.running_job(runner)
        lines = [{"level": "info", "message": "x", "seq": number} for number in (1, 2, 3)]
        assert self.send(api, job, *lines[:2]) == {"success": True, "count": 2, "acked": 2}
        assert self.send(api, job, *lines) == {"success": True, "count": 1, "acked": 3}

    def test_a_gap_is_416_and_what_came_before_it_is_kept(self, api: APIClient, runner: Runner) -> None:
        job = make.running_job(runner)
        answer = self.send(api, job, {"message": "a", "seq": 1}, {"message": "c", "seq": 3}, expect=416)
        assert (answer["code"], answer["details"]) == ("gap", {"expected": 2})
        assert job.lines.count() == 1

    def test_a_closed_log_says_truncated(self, api: APIClient, runner: Runner) -> None:
        job = make.running_job(runner, log_closed=True)
        assert self.send(api, job, {"message": "x"}) == {"success": True, "count": 0, "truncated": True}

    def test_after_the_end_it_is_409(self, api: APIClient, runner: Runner) -> None:
        job = make.running_job(runner)
        jobs.complete(job, at=timezone.now())
        assert self.send(api, job, {"message": "x"}, expect=409)["code"] == "finished"

    def test_a_malformed_line_is_named(self, api: APIClient, runner: Runner) -> None:
        answer = self.send(api, make.running_job(runner), {"message": ["no", "text"]}, expect=400)
        assert (answer["code"], answer["details"]["field"]) == ("malformed", "logs.0.message")


class TestCallback:
    @pytest.mark.parametrize("path", CALLBACKS)
    def test_a_plain_clients_last_word(self, api: APIClient, runner: Runner, path: str) -> None:
        make.job(skus=["a", "b"])
        job_id = post(api, "poll")["job"]["job_id"]
        results = {"skus_processed": 2, "scrapers_run": ["acme"], "data": {"a": {"acme": {"title": "A"}}}}
        answer = api.post(path, {"job_id": job_id, "status": "completed", "results": results}, format="json")
        assert answer.json() == {"success": True, "recorded": 1, "remaining": 0}
        assert [card.state for card in queries.runner_cards()] == ["online"]
        again = api.post(path, {"status": "completed", "job_id": job_id, "results": results}, format="json")
        assert again.json() == answer.json()
        other = api.post(path, {"job_id": job_id, "status": "failed"}, format="json")
        assert (other.status_code, other.json()["code"]) == (409, "finished")

    @pytest.mark.parametrize("foreign", [{"acme": {}}, {}])
    def test_a_foreign_unit_is_400_and_nothing_is_stored(
        self, api: APIClient, runner: Runner, foreign: dict[str, object]
    ) -> None:
        job = make.running_job(runner, skus=["a"])
        data = {"a": {"acme": {"title": "A"}}, "z": foreign}
        said = {"job_id": str(job.pk), "status": "running", "results": {"data": data}}
        answer = post(api, "callback", said, expect=400)
        assert (answer["code"], answer["details"]) == ("foreign_unit", {"sku": "z"})
        assert not ScrapeResult.objects.exists()

    @pytest.mark.parametrize("ignored", [{}, "acme", [1], 7])
    def test_what_is_ignored_refuses_nothing(self, api: APIClient, runner: Runner, ignored: object) -> None:
        job = make.running_job(runner, skus=["a"])
        results = {"skus_processed": ignored, "scrapers_run": ignored, "data": {"a": {"acme": {"title": "A"}}}}
        answer = post(api, "callback", {"job_id": str(job.pk), "status": "running", "results": results})
        assert answer["recorded"] == 1

    @pytest.mark.parametrize("status", ["pending", "COMPLETE", None])
    def test_a_status_that_is_none_is_refused(self, api: APIClient, runner: Runner, status: str | None) -> None:
        job = make.running_job(runner)
        answer = post(api, "callback", {"job_id": str(job.pk), "status": status}, expect=400)
        assert answer["details"]["field"] == "status"


def test_a_message_about_a_job_shows_that_its_runner_lives(api: APIClient, runner: Runner) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    job = make.running_job(runner)
    for path, body in (("logs", {"logs": []}), ("callback", {"status": "running"})):
        Runner.objects.update(last_seen=long_ago)
        post(api, path, {"job_id": str(job.pk), **body})
        assert Runner.objects.get().last_seen != long_ago
