"""What the operations page is asked to show."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scraping import board, filters, jobs, waiting
from scraping.models import ScrapeBatch, ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def watcher(client: Client) -> Client:
    client.force_login(make.staff("scraping.view_operations"))
    return client


def read(**asked: str) -> filters.Filters:
    return filters.read(asked, scrapers=["acme", "bradley"], runners=["office", "warehouse"])


def ended(job: ScrapeJob) -> ScrapeJob:
    ScrapeJob.objects.filter(pk=job.pk).update(status="completed", lease_expires_at=None, completed_at=job.started_at)
    return job


def shown(**asked: str) -> tuple[set[str], set[str]]:
    """The SKUs of the open jobs and of the ended ones that are shown."""
    found = board.read(read(**asked), scrapers=waiting.scrapers(), now=timezone.now())
    open_jobs, ended_jobs = ({row.job.skus[0] for row in rows} for rows in (found.shown, found.ended))
    return open_jobs, ended_jobs


@pytest.fixture
def four() -> dict[str, ScrapeJob]:
    """Two jobs at each of two runners, one of each pair ended; maria asked for office's."""
    office, warehouse = make.runner("office"), make.runner("warehouse")
    by_maria = ScrapeBatch.objects.create(
        scrapers=["acme"], sku_count=2, max_runners=1, requested_by=User.objects.create(username="Maria")
    )
    return {
        "a": make.running_job(office, skus=["a"], batch=by_maria),
        "b": ended(make.running_job(office, skus=["b"], batch=by_maria)),
        "c": make.running_job(warehouse, skus=["c"], scrapers=["bradley", "acme"]),
        "d": ended(make.running_job(warehouse, skus=["d"], scrapers=["bradley"])),
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ({"a", "c"}, {"b", "d"})),
        ({"status": "running"}, ({"a", "c"}, set())),
        ({"status": "completed"}, (set(), {"b", "d"})),
        ({"scraper": "acme"}, ({"a", "c"}, {"b"})),
        ({"scraper": "bradley"}, ({"c"}, {"d"})),
        ({"runner": "office"}, ({"a"}, {"b"})),
        ({"who": "Maria"}, ({"a"}, {"b"})),
        ({"who": "nobody"}, (set(), set())),
        ({"runner": "warehouse", "scraper": "acme"}, ({"c"}, set())),
    ],
)
def test_open_and_ended_jobs_are_narrowed_alike(
    four: dict[str, ScrapeJob], asked: dict[str, str], found: tuple[set[str], set[str]]
) -> None:
    assert shown(**asked) == found


def test_a_batch_has_an_address(four: dict[str, ScrapeJob], watcher: Client) -> None:
    assert shown(batch=str(four["a"].batch_id)) == ({"a"}, {"b"})
    page = watcher.get(reverse("admin:operations"), {"batch": str(four["a"].batch_id)}).content.decode()
    assert four["a"].short in page
    assert four["c"].short not in page.split('id="plot-data"')[0].split('data-part="now"')[1].split("</section>")[0]


def test_what_ended_before_the_window_is_left_out_once_it_is_asked_for() -> None:
    """However long ago it began: what failed just now is what one looks for."""
    runner, hours_ago = make.runner(), timezone.now() - timedelta(hours=2)
    jobs.complete(make.running_job(runner, skus=["old"], created_at=hours_ago), at=hours_ago)
    ended(make.running_job(runner, skus=["long"], created_at=hours_ago))
    ended(make.running_job(runner, skus=["new"]))
    assert shown()[1] == shown(since="6h")[1] == {"old", "long", "new"}
    assert shown(since="1h")[1] == {"long", "new"}


def test_an_address_asks_for_the_same_again() -> None:
    asked = read(status="running", scraper="acme", who="josé & co", since="7d")
    assert asked.query == "?status=running&scraper=acme&who=jos%C3%A9+%26+co&since=7d"
    assert (asked.window.name, asked.problems) == ("7d", ())
    assert (read().query, read().window.name) == ("", "24h")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"status": "asleep"}, "There is no status “asleep”. It is left out."),
        ({"scraper": "Acme"}, "There is no scraper “Acme”. It is left out."),
        ({"runner": "nobody"}, "There is no runner “nobody”. It is left out."),
        ({"batch": "1234"}, "“1234” is no batch’s id. It is left out."),
        ({"since": "yesterday"}, "“yesterday” is no stretch of time that is kept here. It is left out."),
        ({"status": "x" * 5000}, f"There is no status “{'x' * 60}”."),
        ({"batch": "'; DROP TABLE scrape_jobs"}, "is no batch’s id"),
    ],
)
def test_nonsense_is_told_and_left_out(watcher: Client, asked: dict[str, str], sentence: str) -> None:
    make.running_job(make.runner(), skus=["1"])
    answer = watcher.get(reverse("admin:operations"), asked)
    assert answer.status_code == 200
    said = re.sub(r"\s+", " ", answer.content.decode())
    assert sentence in said
    assert "0 of 1 units" in said


@pytest.mark.parametrize(
    "query", ["who=%00", "status=%ED%A0%80", "who=%F0%9F%90%94", "runner=&status=&status=x", "plots=x"]
)
def test_no_address_breaks_the_page(watcher: Client, query: str) -> None:
    for name in ("operations", "operations_changes"):
        assert watcher.get(f"{reverse(f'admin:{name}')}?{query}").status_code == 200


def test_what_is_asked_for_stays_in_the_form_and_goes_to_the_script(watcher: Client) -> None:
    make.scraper("acme")
    page = watcher.get(
        reverse("admin:operations"), {"scraper": "acme", "who": "<maria>", "since": "6h"}
    ).content.decode()
    assert "<option selected>acme</option>" in page
    assert 'value="&lt;maria&gt;"' in page
    assert 'data-changes="/admin/operations/changes/?scraper=acme&amp;who=%3Cmaria%3E&amp;since=6h"' in page
    assert "Last 6 hours" in page
