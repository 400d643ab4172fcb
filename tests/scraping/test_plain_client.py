"""Clients that know none of our additions work as they are."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest
import requests
from pytest_django.live_server_helper import LiveServer

from scraping import sweep
from scraping.models import Presence, ScrapeJob, ScrapeJobLog, Scraper, ScrapeResult
from tests import make
from tests.scraping.plain_client import PlainClient

pytestmark = pytest.mark.django_db(transaction=True)

SHOP = {"a": {"title": "Gold Fish", "price": 3.99, "image_urls": ["https://x/1.jpg"], "reviews_count": 3}, "b": {}}
WEST = timezone(timedelta(hours=-7))


@pytest.fixture
def connect(live_server: LiveServer) -> Iterator[Callable[..., PlainClient]]:
    """Further clients, each a runner of its own; `waits` of each are the seconds it would have waited."""
    made: list[PlainClient] = []

    def one(name: str = "plain", zone: tzinfo | None = None) -> PlainClient:
        made.append(PlainClient(live_server.url, make.key(make.runner(name)), wait=[].append, zone=zone))
        return made[-1]

    make.scraper("acme")
    yield one
    for client in made:
        client.session.close()


@pytest.fixture
def client(connect: Callable[..., PlainClient]) -> PlainClient:
    return connect()


def waits(client: PlainClient) -> list[int]:
    found: list[int] = client.wait.__self__
    return found


def read(sku: str, scraper: dict[str, Any]) -> dict[str, Any]:
    assert scraper["search_url_template"].endswith("?q={sku}")
    return SHOP[sku]


def swept(job: ScrapeJob, *, seconds: float) -> list[ScrapeJob]:
    """What the sweep takes back so long after the job's runner was heard last; the server was never away."""
    job.refresh_from_db()
    assert job.heartbeat_at
    now = job.heartbeat_at + timedelta(seconds=seconds)
    seen = {"seen_at": now, "resumed_at": now - timedelta(hours=1)}
    if not Presence.objects.update(**seen):
        Presence.objects.create(**seen)
    return sweep.sweep(now=now)


def losing(client: PlainClient, monkeypatch: pytest.MonkeyPatch, *, path: str, every: int = 1, times: int = 99) -> None:
    """Of the first `times` answers at `path` each `every`th is lost after the server has done its work."""
    send, calls = client.session.post, iter(range(1000))

    def lose(url: str, **kwargs: Any) -> requests.Response:
        answer = send(url, **kwargs)
        if path in url and (number := next(calls)) % every == 0 and number < times:
            raise requests.ConnectionError("reset after the request")
        return answer

    monkeypatch.setattr(client.session, "post", lose)


@pytest.mark.parametrize("zone", [None, UTC, WEST], ids=["no zone", "UTC", "west"])
def test_a_whole_job_without_acknowledgement_or_beats(
    connect: Callable[..., PlainClient], zone: tzinfo | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, said = connect(zone=zone), datetime(2026, 3, 1, 12, 30, tzinfo=zone)
    monkeypatch.setattr(client, "now", said.isoformat)
    job = make.job(skus=["a", "b"])
    assert client.run_once(read) == str(job.pk)
    assert client.run_once(read) is None
    job.refresh_from_db()
    assert (job.status, job.done, job.log_counts) == ("completed", 2, {"info": 2})
    assert job.acknowledged_at is not None
    found, missing = ScrapeResult.objects.order_by("sku")
    assert (found.outcome, missing.outcome) == ("found", "not_found")
    assert found.fields == {"name": "Gold Fish", "price": 3.99, "images": ["https://x/1.jpg"]}
    moment = said if zone else said.replace(tzinfo=UTC)
    assert {found.scraped_at, *ScrapeJobLog.objects.values_list("logged_at", flat=True)} == {moment}
    assert waits(client) == []


def test_an_answer_that_was_lost_counts_once(client: PlainClient, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make.job(skus=["a", "b"])
    losing(client, monkeypatch, path="/logs", every=2)
    losing(client, monkeypatch, path="/callback", every=2)
    client.run_once(read)
    job.refresh_from_db()
    assert (job.status, job.log_head) == ("completed", 2)
    assert ScrapeResult.objects.count() == 2
    assert waits(client) == [1, 1, 1, 1]


def test_a_job_whose_offer_was_lost_goes_to_the_next_poll_after_a_minute(
    client: PlainClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever polls again is not given it twice: nobody knows that the answer was lost."""
    job = make.job(skus=["a", "b"])
    losing(client, monkeypatch, path="/poll", times=1)
    assert client.run_once(read) is None
    assert swept(job, seconds=59) == []
    assert swept(job, seconds=61) == [job]
    successor = ScrapeJob.objects.get(retry_of=job)
    assert (ScrapeJob.objects.get(pk=job.pk).reason, successor.attempt) == ("unacknowledged", 1)
    ScrapeJob.objects.filter(pk=successor.pk).update(run_after=job.created_at)
    assert client.run_once(read) == str(successor.pk)


def test_it_comes_again_after_1_2_and_4_seconds(client: PlainClient, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make.job(skus=["a"])
    send, troubles = client.session.post, iter([503, 429, 0])

    def trouble(url: str, **kwargs: Any) -> requests.Response:
        answer, status = send(url, **kwargs), next(troubles, 200)
        if not status:
            raise requests.ReadTimeout
        answer.status_code = status
        return answer

    monkeypatch.setattr(client.session, "post", trouble)
    client.post("/api/scraper/v1/heartbeat", {"status": "idle"})
    assert waits(client) == [1, 2, 4]
    assert client.run_once(read) == str(job.pk)


@pytest.mark.parametrize("path", ["scraper/v1/logs", "admin/scraping/callback"])
def test_an_id_that_is_no_uuid_is_refused_once(client: PlainClient, path: str) -> None:
    body = {"job_id": "job-1\0", "lease_token": "x", "status": "running", "logs": []}
    with pytest.raises(requests.HTTPError, match="404"):
        client.post(f"/api/{path}", body)
    assert waits(client) == []


def test_ids_that_are_no_uuids_are_told_to_be_lost(client: PlainClient) -> None:
    assert client.post("/api/scraper/v1/poll", {"job_id": "job-1"}) == {"job": None}
    beat = {"status": "busy", "current_job_id": "job-1"}
    assert client.post("/api/scraper/v1/heartbeat", beat)["jobs"] == {"job-1": "lost"}


def test_one_that_dies_is_given_ten_minutes(client: PlainClient) -> None:
    """Its first log line was its last word."""
    job = make.job(skus=["a", "b"])

    def die(sku: str, scraper: dict[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.run_once(die)
    assert swept(job, seconds=599) == []
    assert swept(job, seconds=601) == [job]
    assert ScrapeJob.objects.get(retry_of=job).skus == ["a", "b"]


def test_at_a_site_with_a_limit_it_waits_for_another_to_end(connect: Callable[..., PlainClient]) -> None:
    """It says nothing of what it works with, so it holds the slots of all its scrapers until its job's end."""
    Scraper.objects.filter(slug="acme").update(max_parallel_jobs=1)
    jobs = [make.job(skus=["a"]), make.job(skus=["b"])]
    first, second = connect("first"), connect("second")

    def meanwhile(sku: str, scraper: dict[str, Any]) -> dict[str, Any]:
        assert second.run_once(read) is None
        return read(sku, scraper)

    assert first.run_once(meanwhile) == str(jobs[0].pk)
    assert second.run_once(read) == str(jobs[1].pk)
    assert set(ScrapeJob.objects.values_list("status", "done")) == {("completed", 1)}
