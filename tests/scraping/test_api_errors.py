"""Who is let in, what is read, and the one shape of errors."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.utils import timezone
from psycopg import errors as pg
from psycopg_pool import PoolTimeout
from rest_framework.test import APIClient

from runners import keys
from scraping import claims, intake
from scraping.api import errors, parsers, views
from scraping.models import ScrapeJob, ScrapeResult
from tests import make

pytestmark = pytest.mark.django_db

POLL = "/api/scraper/v1/poll"
LOGS = "/api/scraper/v1/logs"
CALLBACK = "/api/scraper/v1/callback"
HEARTBEAT = "/api/scraper/v1/heartbeat"
UNAUTHORIZED = {"error": "Unauthorized", "code": "unauthorized"}


@pytest.fixture
def job() -> ScrapeJob:
    make.scraper()
    return make.running_job(make.runner())


@pytest.fixture
def api(job: ScrapeJob) -> APIClient:
    assert job.runner
    return make.api(make.key(job.runner))


def send(api: APIClient, path: str, body: bytes | str, *, content_type: str = "application/json") -> tuple[int, Any]:
    answer = api.post(path, body, content_type=content_type)
    return answer.status_code, answer.json()


class TestWhoIsLetIn:
    def code(self, **headers: str) -> tuple[int, Any]:
        answer = APIClient().post(POLL, headers=headers)
        return answer.status_code, answer.json()

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"X-API-Key": "bsr_wrong"},
            {"Authorization": "Bearer x"},
            {"Authorization": "Basic x"},
            {"X-API-Key": " "},
        ],
    )
    def test_without_a_good_key_it_is_401(self, headers: dict[str, str]) -> None:
        assert self.code(**headers) == (401, UNAUTHORIZED)

    def test_either_header_will_do(self) -> None:
        secret = make.key(make.runner())
        assert self.code(**{"X-API-Key": secret})[0] == 200
        assert self.code(Authorization=f"bearer {secret}")[0] == 200

    def test_a_revoked_or_expired_key_fails_at_once(self) -> None:
        key, secret = keys.issue(make.runner(), allowed_scrapers=None)
        keys.revoke(key)
        status, answer = self.code(**{"X-API-Key": secret})
        assert (status, answer["code"]) == (403, "key_revoked")
        _, secret = keys.issue(key.runner, allowed_scrapers=None, expires_at=timezone.now() - timedelta(seconds=1))
        status, answer = self.code(**{"X-API-Key": secret})
        assert (status, answer["code"]) == (403, "key_expired")

    def test_when_a_key_expires_the_databases_clock_says(self, monkeypatch: pytest.MonkeyPatch) -> None:
        moment = timezone.now()
        _, secret = keys.issue(make.runner(), allowed_scrapers=None, expires_at=moment - timedelta(minutes=30))
        monkeypatch.setattr(timezone, "now", lambda: moment - timedelta(hours=1))
        with pytest.raises(keys.KeyExpiredError):
            keys.verify(secret)

    def test_a_session_lets_nobody_in(self, client: Client) -> None:
        client.force_login(make.staff())
        assert client.post(POLL).json() == UNAUTHORIZED


class TestWhatIsRead:
    @pytest.mark.parametrize(
        "body", ["{", "[]", "null", '{"job_id": NaN}', '{"a": 1e999}', '{"a": -Infinity}', '{"a": ' + "9" * 5000 + "}"]
    )
    def test_what_is_no_json_object_of_finite_numbers_is_400(self, api: APIClient, body: str) -> None:
        status, answer = send(api, POLL, body)
        assert (status, answer["code"]) == (400, "malformed")
        assert "Infinity" not in answer["error"]

    def test_nesting_is_bounded_at_32(self, api: APIClient) -> None:
        assert send(api, POLL, '{"a":' * 31 + "{}" + "}" * 31)[0] == 200
        assert send(api, POLL, '{"a":' * 32 + "{}" + "}" * 32)[0] == 400
        assert send(api, POLL, '{"a":' * 200_000)[0] == 400

    def test_a_large_body_is_413_before_it_is_parsed(self, api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parsers, "MAX_BYTES", 100)
        monkeypatch.setattr(views.CallbackView, "max_bytes", 200)
        monkeypatch.setattr(parsers, "clean_json", lambda value: pytest.fail("it was parsed"))
        status, answer = send(api, POLL, b"x" * 101)
        assert (status, answer["code"]) == (413, "too_large")
        assert send(api, CALLBACK, b"x" * 101)[0] == 400
        assert send(api, CALLBACK, b"x" * 201)[0] == 413

    def test_the_bounds_are_8_mb_and_64_mb_for_a_callback(self) -> None:
        assert (parsers.MAX_BYTES, views.CallbackView.max_bytes) == (8 << 20, 64 << 20)

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "x/y; charset=z"])
    def test_the_content_type_does_not_matter(self, api: APIClient, content_type: str) -> None:
        answer = api.generic("POST", POLL, "{}", content_type=content_type)
        assert (answer.status_code, answer.json()) == (200, {"job": None})

    def test_nor_does_what_a_client_accepts(self, api: APIClient) -> None:
        answer = api.post(POLL, headers={"Accept": "text/html"})
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")

    def test_a_chunked_body_has_no_length_and_is_read(self, job: ScrapeJob, rf: RequestFactory) -> None:
        assert job.runner
        body = json.dumps({"job_id": str(job.pk), "logs": [{"message": "chunked"}]})
        request = rf.generic("POST", LOGS, body, headers={"X-API-Key": make.key(job.runner)})
        del request.META["CONTENT_LENGTH"]
        assert views.LogsView.as_view()(request).status_code == 200
        assert job.lines.get().message == "chunked"

    def test_nul_and_surrogates_are_replaced_on_the_way_in(self, api: APIClient, job: ScrapeJob) -> None:
        line = {"level": "IN\0FO", "message": "a\0b\ud800c", "sku": "\udfff"}
        assert send(api, LOGS, json.dumps({"job_id": str(job.pk), "logs": [line]}))[0] == 200
        assert job.lines.values_list("message", "sku").get() == ("a�b�c", "�")
        data = {job.skus[0]: {"acme": {"title": "\0", "specs": {"\ud83d": "\0"}, "x\0": 1}}}
        said = {"job_id": str(job.pk), "status": "running", "results": {"data": data}}
        assert send(api, CALLBACK, json.dumps(said))[0] == 200
        assert ScrapeResult.objects.get().fields == {"name": "�", "attributes": {"�": "�"}}

    @pytest.mark.parametrize("nothing", [None, []])
    def test_null_and_an_empty_list_are_as_good_as_no_results(
        self, api: APIClient, job: ScrapeJob, nothing: object
    ) -> None:
        sku = job.skus[0]
        item = {"sku": sku, "scraper": "acme", "outcome": "network", "fields": nothing, "message": None}
        for results in (
            {"data": nothing, "scrapers_run": None, "items": [item]},
            {"data": {sku: nothing}},
            {"data": {sku: {"acme": nothing}}},
            nothing,
        ):
            said = {"job_id": str(job.pk), "status": "running", "results": results}
            assert send(api, CALLBACK, json.dumps(said))[0] == 200
        beat = {"status": None, "draining": None, "jobs": [{"job_id": str(job.pk), "done": None}]}
        assert send(api, HEARTBEAT, json.dumps(beat))[0] == 200
        assert send(api, LOGS, json.dumps({"job_id": str(job.pk), "logs": [{"message": None}]}))[0] == 200

    def test_raw_nul_and_bytes_that_are_no_utf_8_are_replaced_too(self, api: APIClient, job: ScrapeJob) -> None:
        body = b'{"job_id": "%s", "logs": [{"message": "a\x00b\xffc\xed\xa0\x80"}]}' % str(job.pk).encode()
        assert send(api, LOGS, body)[0] == 200
        assert job.lines.get().message.startswith("a�b�c�")

    @pytest.mark.parametrize("job_id", ["7", "x\\u0000", "", 12, None, [], {"a": 1}])
    @pytest.mark.parametrize("path", [LOGS, CALLBACK])
    def test_an_id_that_is_none_of_ours_is_never_our_fault(self, api: APIClient, path: str, job_id: object) -> None:
        body = json.dumps({"job_id": job_id, "status": "running", "logs": []})
        assert send(api, path, body)[0] in {400, 404}


class TestTheShape:
    @pytest.mark.parametrize("path", ["/api/", "/api/scraper/v1/poll/", "/api/scraper/v1/claim-chunk", "/api/x?y"])
    @pytest.mark.parametrize("method", ["get", "post", "delete"])
    def test_an_unknown_address_has_it(self, path: str, method: str) -> None:
        answer = getattr(APIClient(), method)(path)
        assert answer.status_code == 404
        assert answer.json() == {"error": "There is nothing at this address.", "code": "not_found", "details": {}}

    def test_a_wrong_method_has_it(self, api: APIClient) -> None:
        answer = api.get(POLL)
        assert (answer.status_code, answer.json()["code"], answer["Allow"]) == (
            405,
            "method_not_allowed",
            "POST, OPTIONS",
        )

    def test_our_own_fault_has_it_and_says_nothing_of_itself(
        self, api: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(claims, "claim_next", stumble(ValueError("canary")))
        with caplog.at_level(logging.ERROR):
            status, answer = send(api, POLL, "{}")
        assert (status, answer["code"], answer["details"]) == (500, "internal_error", {})
        assert "canary" not in json.dumps(answer)
        assert "canary" in caplog.text

    def test_a_fault_outside_the_views_has_it(self, rf: RequestFactory) -> None:
        answer = errors.server_error(rf.get("/api/scraper/v1/poll"))
        assert json.loads(answer.content)["code"] == "internal_error"
        assert errors.server_error(rf.get("/admin/"))["Content-Type"].startswith("text/html")

    def test_a_host_we_do_not_answer_for_has_it(self) -> None:
        answer = APIClient().post(POLL, headers={"Host": "elsewhere.test"})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
        assert APIClient().get("/admin/", headers={"Host": "elsewhere.test"})["Content-Type"].startswith("text/html")

    def test_a_malformed_message_names_its_fields_but_not_what_they_hold(self, api: APIClient) -> None:
        status, answer = send(api, "/api/scraper/v1/heartbeat", '{"status": "canary", "jobs_completed": -1}')
        assert (status, sorted(answer["details"]["problems"])) == (400, ["jobs_completed", "status"])
        assert "canary" not in json.dumps(answer)

    @pytest.mark.parametrize(
        "cause",
        [
            *[None, pg.LockNotAvailable(), pg.DiskFull(), pg.AdminShutdown(), pg.ReadOnlySqlTransaction()],
            *[pg.TooManyConnections(), pg.CannotConnectNow(), pg.OutOfMemory(), pg.DeadlockDetected(), PoolTimeout()],
        ],
    )
    def test_a_database_that_cannot_answer_is_503_and_retry_after(
        self, api: APIClient, monkeypatch: pytest.MonkeyPatch, cause: Exception | None
    ) -> None:
        error = OperationalError("canary")
        error.__cause__ = cause
        monkeypatch.setattr(intake, "log", stumble(error))
        answer = api.post(LOGS, {"job_id": "x", "logs": []}, format="json")
        assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "5")

    @pytest.mark.parametrize("path", [POLL, LOGS, CALLBACK, HEARTBEAT])
    def test_a_database_that_is_read_only_is_503(self, api: APIClient, job: ScrapeJob, path: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        said = {"job_id": str(job.pk), "logs": [{"message": "x"}]} | ({"status": "running"} if path == CALLBACK else {})
        answer = api.post(path, said, format="json")
        assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "5")

    def test_a_question_the_database_cannot_read_is_no_outage(
        self, api: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        error = OperationalError("canary")
        error.__cause__ = pg.StatementTooComplex()
        monkeypatch.setattr(intake, "log", stumble(error))
        assert send(api, LOGS, '{"job_id": "x", "logs": []}')[0] == 500


def stumble(error: Exception) -> Any:
    def raising(*args: Any, **kwargs: Any) -> None:
        raise error

    return raising
