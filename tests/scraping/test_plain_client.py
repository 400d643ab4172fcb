"""Clients that know none of our additions work as they are."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from scraping import sweep
from scraping.models import Presence, ScrapeJob, ScrapeResult
from tests import make
from tests.scraping.plain_client import PlainClient

pytestmark = pytest.mark.django_db(transaction=True)

SHOP = {"a": {"title": "Gold Fish", "price": 3.99, "image_urls": ["https://x/1.jpg"], "reviews_count": 3}, "b": {}}


@pytest.fixture
def client(live_server: LiveServer) -> Iterator[PlainClient]:
    make.scraper("acme")
    made = PlainClient(live_server.url, make.key(make.runner("plain")), wait=lambda seconds: None)
    yield made
    made.session.close()


def read(sku: str, scraper: dict[str, Any]) -> dict[str, Any]:
    assert scraper["search_url_template"].endswith("?q={sku}")
    return SHOP[sku]


def test_a_whole_job_without_acknowledgement_or_beats(client: PlainClient) -> None:
    job = make.job(skus=["a", "b"])
    assert client.run_once(read) == str(job.pk)
    assert client.run_once(read) is None
    job.refresh_from_db()
    assert (job.status, job.done, job.log_counts) == ("completed", 2, {"info": 2})
    assert job.acknowledged_at is not None
    found, missing = ScrapeResult.objects.order_by("sku")
    assert (found.outcome, missing.outcome) == ("found", "not_found")
    assert found.fields == {"name": "Gold Fish", "price": 3.99, "images": ["https://x/1.jpg"]}


def test_an_answer_that_was_lost_counts_once(client: PlainClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second answer is lost after the server has done its work, and the client sends again."""
    job = make.job(skus=["a", "b"])
    send, calls = client.session.post, iter(range(100))

    def losing(*args: Any, **kwargs: Any) -> requests.Response:
        answer = send(*args, **kwargs)
        if not args[0].endswith("poll") and next(calls) % 2 == 0:
            raise requests.ConnectionError("reset after the request")
        return answer

    monkeypatch.setattr(client.session, "post", losing)
    client.run_once(read)
    job.refresh_from_db()
    assert (job.status, job.log_head) == ("completed", 2)
    assert ScrapeResult.objects.count() == 2


def test_one_that_dies_is_given_ten_minutes(client: PlainClient) -> None:
    """Its first log line was its last word."""
    job = make.job(skus=["a", "b"])

    def die(sku: str, scraper: dict[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.run_once(die)
    began = timezone.now()
    Presence.objects.create(seen_at=began, resumed_at=began - timedelta(hours=1))
    assert sweep.sweep(now=began + timedelta(seconds=590)) == []
    Presence.objects.update(seen_at=began + timedelta(seconds=601), resumed_at=began - timedelta(hours=1))
    assert sweep.sweep(now=began + timedelta(seconds=601)) == [job]
    assert ScrapeJob.objects.get(retry_of=job).skus == ["a", "b"]
