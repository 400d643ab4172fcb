"""Whatever is sent to the six endpoints, it is never our fault."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from rest_framework.test import APIClient

from runners.protocol.messages import Callback, Heartbeat, LogsRequest, Message, PollRequest
from scraping.models import ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db

V1 = "/api/scraper/v1"
POSTS: dict[str, type[Message]] = {
    "poll": PollRequest,
    "heartbeat": Heartbeat,
    "logs": LogsRequest,
    "callback": Callback,
}
NUMBERS = [-1, 0, 1, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), float("-inf")]
TEXTS = [
    "",
    "\0",
    "\ud800",
    "acme",
    "running",
    "completed",
    "failed",
    "found",
    "null",
    "-",
    "9" * 5000,
    "’\u202e\U0010ffff",
]
NAMES = sorted(
    {name for kind in POSTS.values() for name in kind.model_fields}
    | {
        "items",
        "data",
        "logs",
        "sku",
        "scraper",
        "outcome",
        "fields",
        "seq",
        "through",
        "done",
        "step",
        "working",
        "url",
    }
)
nested = json.loads("[" * 33 + "]" * 33)
scalars = st.one_of(
    st.none(), st.booleans(), st.sampled_from(NUMBERS), st.sampled_from(TEXTS), st.text(max_size=5), st.just(nested)
)
values: SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*NAMES, "", "\0", "\ud83d"]), inner, max_size=4)
    ),
    max_leaves=8,
)
fuzz = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def job() -> ScrapeJob:
    make.scraper()
    return make.running_job(make.runner(), skus=["acme", "1"])


@pytest.fixture
def api(job: ScrapeJob) -> APIClient:
    assert job.runner
    client = make.api(make.key(job.runner))
    client.raise_request_exception = False
    return client


def send(api: APIClient, path: str, body: str | bytes) -> None:
    answer = api.post(f"{V1}/{path}", body, content_type="application/json")
    assert answer.status_code in {200, 400, 404, 409, 416}, (answer.status_code, body)
    assert answer.status_code == 200 or set(answer.json()) == {"error", "code", "details"}


@pytest.mark.parametrize("path", POSTS)
@fuzz
@given(data=st.data())
def test_a_message_with_anything_in_its_keys(path: str, data: st.DataObject, api: APIClient, job: ScrapeJob) -> None:
    keys = st.fixed_dictionaries({}, optional=dict.fromkeys(POSTS[path].model_fields, values))
    said = data.draw(keys)
    if data.draw(st.booleans()):
        said |= {"job_id": str(job.pk)}
    send(api, path, json.dumps(said))


def unit() -> SearchStrategy[dict[str, Any]]:
    """Of a result almost right, each part anything now and then."""
    right: dict[str, SearchStrategy[Any]] = {
        "sku": st.sampled_from(["acme", "1"]),
        "scraper": st.just("acme"),
        "outcome": st.sampled_from(["found", "not_found", "network"]),
        "fields": st.dictionaries(st.sampled_from(["name", "images", "weight", "price", "gtin", "url", "\0"]), values),
    }
    optional = dict.fromkeys(["others", "url", "milliseconds", "scraped_at", "message"], values)
    return st.fixed_dictionaries({key: st.one_of(good, good, values) for key, good in right.items()}, optional=optional)


@fuzz
@given(
    items=st.lists(unit(), max_size=3), flat=st.dictionaries(st.just("acme"), st.dictionaries(st.just("acme"), values))
)
def test_results_that_are_almost_right(items: list[Any], flat: Any, api: APIClient, job: ScrapeJob) -> None:
    results = {"items": items, "data": flat}
    send(api, "callback", json.dumps({"job_id": str(job.pk), "status": "running", "results": results}))


line = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["level", "message", "timestamp", "seq", "through", "sku"], values)
)


@fuzz
@given(lines=st.lists(line, max_size=3))
def test_lines_that_are_almost_right(lines: list[Any], api: APIClient, job: ScrapeJob) -> None:
    send(api, "logs", json.dumps({"job_id": str(job.pk), "logs": lines}))


held = st.fixed_dictionaries({}, optional=dict.fromkeys(["step", "done", "total", "working", "seq"], values))


@fuzz
@given(said=held)
def test_a_beat_that_is_almost_right(said: dict[str, Any], api: APIClient, job: ScrapeJob) -> None:
    send(api, "heartbeat", json.dumps({"jobs": [{"job_id": str(job.pk), **said}]}))


@pytest.mark.parametrize("path", POSTS)
@fuzz
@given(body=st.one_of(st.binary(max_size=30), st.sampled_from([b"", b"[]", b'"', b"{\0}", b"\xff\xfe{", b'{"a":1}x'])))
def test_a_body_that_is_no_message(path: str, body: bytes, api: APIClient) -> None:
    send(api, path, body)


@pytest.mark.parametrize("path", ["job", "credentials"])
@fuzz
@given(text=st.one_of(st.text(max_size=10), st.sampled_from(["\0", "9" * 5000, "../", "%", "{}"])))
def test_a_question_about_anything(path: str, text: str, api: APIClient) -> None:
    answer = api.get(f"{V1}/{path}", {"job_id": text, "scraper": text})
    assert answer.status_code in {400, 403, 404}, text
