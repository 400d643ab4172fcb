"""A scraper's limit, as staff set it and as its page shows it; what a runner says it can read."""

import json

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from runners.models import Runner
from scraping import slots
from scraping.admin.scrapers import ScraperAdmin
from scraping.models import Scraper
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(client: Client) -> Client:
    client.force_login(make.staff("scraping.manage_scrapers", "scraping.view_scraper"))
    return client


def save(client: Client, scraper: Scraper, limit: str, **changes: object) -> str:
    values = {"display_name": "Acme", "trust": "50", "versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}
    document = json.dumps(make.definition_document() | changes)
    change = reverse("admin:scraping_scraper_change", args=[scraper.pk])
    return client.post(change, {**values, "max_parallel_jobs": limit, "definition": document}).content.decode()


@pytest.mark.parametrize(("typed", "stored"), [("2", 2), ("", None)])
def test_staff_set_and_clear_the_limit(keeper: Client, typed: str, stored: int | None) -> None:
    scraper = make.scraper(max_parallel_jobs=5)
    save(keeper, scraper, typed)
    scraper.refresh_from_db()
    assert scraper.max_parallel_jobs == stored


def test_only_a_changed_definition_makes_a_version(keeper: Client) -> None:
    scraper = make.scraper()
    save(keeper, scraper, "2")
    assert [version.number for version in scraper.versions.all()] == [1]
    version = scraper.versions.get()
    save(keeper, scraper, "3", fields={"name": {"from": [{"css": "h2"}]}})
    assert sorted(scraper.versions.values_list("number", flat=True)) == [1, 2]
    assert scraper.versions.get(number=1).definition == version.definition


def test_a_limit_of_none_at_all_is_a_pause_and_refused(keeper: Client) -> None:
    scraper = make.scraper()
    assert "greater than or equal to 1" in save(keeper, scraper, "0")
    with pytest.raises(IntegrityError, match="scrapers_max_parallel_jobs"), transaction.atomic():
        Scraper.objects.update(max_parallel_jobs=0)


def test_a_scraper_that_was_paused_meanwhile_stays_so(keeper: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading the row and saving it somebody paused it."""
    scraper, saved = make.scraper(), ScraperAdmin.save_model

    def pause_first(self: ScraperAdmin, *args: object, **kwargs: object) -> None:
        Scraper.objects.update(state="paused")
        saved(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(ScraperAdmin, "save_model", pause_first)
    save(keeper, scraper, "2")
    scraper.refresh_from_db()
    assert (scraper.state, scraper.max_parallel_jobs) == ("paused", 2)


def test_its_page_says_how_many_work_there(keeper: Client) -> None:
    scraper = make.scraper(max_parallel_jobs=1)
    for number, values in enumerate([{"working": ["acme"]}, {"working": ["acme"]}, {"wanted": ["acme"]}]):
        make.running_job(make.runner(f"r{number}"), skus=[str(number)], **values)
    assert slots.used("acme") == (2, 1)
    page = keeper.get(reverse("admin:scraping_scraper_change", args=[scraper.pk])).content.decode()
    assert "2 jobs, 1 more waits for its turn; until some have finished there, none begins" in page


@pytest.mark.parametrize(("said", "stored"), [({"schema_version": 3}, 3), ({"version": "1"}, None), ({}, None)])
def test_a_poll_tells_what_its_runner_reads(said: dict[str, object], stored: int | None) -> None:
    secret = make.key(make.runner(schema_version=9))
    make.api(secret).post("/api/scraper/v1/poll", said, format="json")
    assert Runner.objects.get().schema_version == stored
