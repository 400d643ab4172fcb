"""The API's description: valid, whole, and true of what the views answer."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from runners.models import Runner
from runners.protocol import messages
from runners.protocol.messages import Message
from scraping import credentials, jobs
from scraping.api import schema
from tests import make

V1 = "/api/scraper/v1"
ENDPOINTS = {
    *{f"{V1}/{name}" for name in ("poll", "job", "heartbeat", "credentials", "credentials/{slug}", "logs", "callback")},
    "/api/admin/scraping/callback",
}
SPOKEN = [
    kind
    for kind in vars(messages).values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind not in {Message, messages.FlatResults}
]


@pytest.fixture
def document() -> Any:
    schema.document.cache_clear()
    return json.loads(json.dumps(schema.document()))


def test_anybody_may_read_it_at_its_address() -> None:
    answer = APIClient().get("/api/schema/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["openapi"] == "3.1.0"


def test_it_is_valid_and_made_without_a_warning(document: Any, capsys: pytest.CaptureFixture[str]) -> None:
    validate_schema(document)  # type: ignore[no-untyped-call]
    GENERATOR_STATS.reset()
    call_command("spectacular", validate=True, fail_on_warn=True)
    assert "openapi: 3.1.0" in capsys.readouterr().out


def test_it_describes_the_endpoints_and_no_others(document: Any) -> None:
    assert set(document["paths"]) == ENDPOINTS


@pytest.mark.parametrize("kind", SPOKEN, ids=lambda kind: kind.__name__)
def test_every_message_is_there_with_all_its_keys(document: Any, kind: type[Message]) -> None:
    described = document["components"]["schemas"][kind.__name__]
    assert set(described["properties"]) == set(kind.model_fields)
    for name in kind.additions:
        assert "ddition" in described["properties"][name].get("description", "")


@pytest.mark.parametrize("kind", SPOKEN, ids=lambda kind: kind.__name__)
def test_an_addition_is_never_needed_by_a_message_that_plain_clients_know(kind: type[Message]) -> None:
    needed = {name for name, field in kind.model_fields.items() if field.is_required()}
    assert not needed & set(kind.additions) or needed <= set(kind.additions)


def test_either_header_opens_every_endpoint_and_every_error_has_one_shape(document: Any) -> None:
    schemes = document["components"]["securitySchemes"]
    assert {scheme.get("name") or scheme["scheme"] for scheme in schemes.values()} == {"X-API-Key", "bearer"}
    for path in document["paths"].values():
        for operation in path.values():
            assert sorted(name for option in operation["security"] for name in option) == sorted(schemes)
            assert all(len(option) == 1 for option in operation["security"])
            errors = {status: answer for status, answer in operation["responses"].items() if status != "200"}
            assert {"400", "401", "403", "429", "500", "503"} <= set(errors)
            for answer in errors.values():
                shape = answer["content"]["application/json"]["schema"]
                assert shape == {"$ref": "#/components/schemas/ErrorAnswer"}


class Conversation:
    """Asks the views and holds each answer against the document; `checked` has what was seen of it."""

    def __init__(self, api: APIClient, document: Any) -> None:
        self._api = api
        self._document = document
        self.checked: set[tuple[str, int]] = set()

    def say(self, path: str, body: Any = None, *, expect: int = 200, described: str = "") -> Any:
        """POST `body`, or GET where there is none."""
        answer = self._api.get(path) if body is None else self._api.post(path, body, format="json")
        assert answer.status_code == expect, answer.content
        described = described or path.partition("?")[0]
        operation = self._document["paths"][described]["get" if body is None else "post"]
        shape = operation["responses"][str(expect)]["content"]["application/json"]["schema"]
        self._check(shape, answer.json())
        if body is not None and expect == 200:
            self._check(operation["requestBody"]["content"]["application/json"]["schema"], body)
        self.checked.add((described.rpartition("v1/")[2], expect))
        return answer.json()

    def _check(self, shape: dict[str, Any], value: Any) -> None:
        strict = {**shape, "components": self._document["components"], "unevaluatedProperties": False}
        Draft202012Validator(strict).validate(value)


@pytest.fixture
def runner() -> Runner:
    credentials.store(make.scraper("acme"), {"username": "u", "password": "p"})
    return make.runner()


@pytest.mark.django_db
def test_what_the_views_answer_is_what_it_says(runner: Runner, document: Any) -> None:
    talk = Conversation(make.api(make.key(runner)), document)
    waiting = make.job(skus=["a", "b"], context={"a": {"name": "A", "price": None}})
    talk.say(f"{V1}/poll", {"version": "1", "capabilities": ["http"], "holding": ["gone"]})
    job = str(waiting.pk)
    talk.say(f"{V1}/poll", {})
    talk.say(f"{V1}/job?job_id={job}")
    talk.say(f"{V1}/heartbeat", {"status": "busy", "jobs": [{"job_id": job, "step": "acme a", "working": ["acme"]}]})
    talk.say(f"{V1}/credentials?scraper=acme")
    talk.say(f"{V1}/credentials/acme", described=f"{V1}/credentials/{{slug}}")
    talk.say(f"{V1}/logs", {"job_id": job, "logs": [{"level": "info", "message": "x", "seq": 1}]})
    item = {"sku": "a", "scraper": "acme", "outcome": "found", "fields": {"name": "A"}, "milliseconds": 7}
    talk.say(f"{V1}/callback", {"job_id": job, "status": "running", "results": {"items": [item]}})
    talk.say("/api/admin/scraping/callback", {"job_id": job, "status": "completed", "results": {"data": {"b": {}}}})
    assert {status for _path, status in talk.checked} == {200}
    assert len(talk.checked) == len(ENDPOINTS)


@pytest.mark.django_db
def test_its_refusals_are_what_it_says(runner: Runner, document: Any) -> None:
    talk = Conversation(make.api(make.key(runner)), document)
    ended, mine = make.running_job(runner), make.running_job(runner)
    jobs.complete(ended, at=timezone.now())
    talk.say(f"{V1}/poll", {"version": []}, expect=400)
    talk.say(f"{V1}/job", expect=400)
    talk.say(f"{V1}/job?job_id=x", expect=404)
    talk.say(f"{V1}/job?job_id={ended.pk}", expect=409)
    talk.say(f"{V1}/credentials?scraper=nobody", expect=403)
    talk.say(f"{V1}/logs", {"job_id": str(mine.pk), "logs": [{"message": "x", "seq": 2}]}, expect=416)
    talk.say(f"{V1}/callback", {"job_id": str(ended.pk), "status": "failed"}, expect=409)
    Conversation(APIClient(), document).say(f"{V1}/poll", {}, expect=401)
