"""What was recorded lately, counted for plots and tables."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scraping import filters, plots
from scraping.models import ScrapeJob, ScrapeResult
from tests import make

pytestmark = pytest.mark.django_db


def recorded(job: ScrapeJob, *ages: float, **values: object) -> None:
    """A unit of the job per age in hours."""
    for number, hours in enumerate(ages):
        sku = f"{values.get('scraper')}-{values.get('outcome')}-{hours}-{number}"
        made = make.result(job, sku=sku, **values)  # type: ignore[arg-type]
        ScrapeResult.objects.filter(pk=made.pk).update(recorded_at=timezone.now() - timedelta(hours=hours))


def read(**asked: str) -> plots.Plots:
    return plots.read(filters.read(asked, scrapers=["acme", "bradley"], runners=["office", "warehouse"]))


def test_units_are_counted_by_outcome_and_hour() -> None:
    job = make.running_job(make.runner())
    recorded(job, 0.001, 3, 3.0001, outcome="found")
    recorded(job, 3, outcome="network")
    recorded(job, 26, outcome="blocked")
    drawn = read()
    assert len(drawn.bars) == 25
    assert drawn.outcomes == ["found", "network"]
    assert sum(bar.outcomes["found"] for bar in drawn.bars) == 3
    assert drawn.bars[-1].outcomes["found"] + drawn.bars[-2].outcomes["found"] == 1
    assert [bar.total for bar in drawn.bars if bar.outcomes["network"]] == [3]
    assert all(bar.start.minute == bar.start.second == 0 for bar in drawn.bars)


@pytest.mark.parametrize(("since", "bars"), [("1h", 13), ("6h", 13), ("24h", 25), ("7d", 29)])
def test_every_window_ends_now_and_holds_its_whole_span(since: str, bars: int) -> None:
    drawn = read(since=since)
    assert len(drawn.bars) == bars
    assert drawn.bars[0].start <= drawn.now - drawn.window.span
    assert drawn.bars[-1].start <= drawn.now < drawn.bars[-1].start + drawn.window.bar
    assert drawn.steps[-1][0] <= drawn.now.timestamp() < drawn.steps[-1][0] + drawn.window.step.total_seconds()


def test_a_clock_that_was_set_back_draws_nothing_later_than_now(client: Client) -> None:
    recorded(make.running_job(make.runner()), -1, 1, outcome="found")
    assert sum(bar.total for bar in read().bars) == 1
    client.force_login(make.staff("scraping.view_operations"))
    assert client.get(reverse("admin:operations")).status_code == 200


def test_the_rate_adds_up_to_the_units() -> None:
    recorded(make.running_job(make.runner()), *[2 + n / 100 for n in range(10)], outcome="found")
    drawn = read()
    minutes = drawn.window.step.total_seconds() / 60
    assert round(sum(rate for _, rate in drawn.steps) * minutes) == 10
    busiest = max(drawn.bars, key=lambda bar: bar.total)
    assert busiest.most >= busiest.per_minute > 0


def test_a_scraper_has_its_share_and_its_seconds() -> None:
    job = make.running_job(make.runner(), scrapers=["acme", "bradley"])
    for milliseconds in range(100, 2100, 100):
        recorded(job, 1 + milliseconds / 10**6, outcome="found", scraper="acme", milliseconds=milliseconds)
    recorded(job, 1, 1.001, outcome="not_found", scraper="bradley")
    recorded(job, 5, outcome="found", scraper="bradley")
    recorded(job, 1, outcome="skipped", scraper="bradley")  # says nothing about the site
    acme, bradley = read().scrapers
    assert (acme.slug, acme.units, acme.percent) == ("acme", 20, 100)
    assert acme.median == pytest.approx(1.05)
    assert acme.p95 == pytest.approx(1.905)
    assert (bradley.units, round(bradley.percent), bradley.median, bradley.p95) == (3, 33, None, None)
    assert [share for share in bradley.shares if share is not None] == [100, 0]
    assert len(bradley.line) == 2


@pytest.mark.parametrize(
    ("asked", "units"),
    [
        ({}, 3),
        ({"scraper": "acme"}, 2),
        ({"runner": "office"}, 2),
        ({"runner": "office", "scraper": "acme"}, 1),
        ({"status": "running"}, 3),
        ({"status": "failed"}, 0),
    ],
)
def test_plots_count_what_is_asked_for(asked: dict[str, str], units: int) -> None:
    office = make.running_job(make.runner("office"), scrapers=["acme", "bradley"])
    recorded(office, 1, scraper="acme")
    recorded(office, 1, scraper="bradley")
    recorded(make.running_job(make.runner("warehouse")), 1, scraper="acme")
    assert sum(bar.total for bar in read(**asked).bars) == units


def test_the_table_tells_the_same_numbers(client: Client) -> None:
    client.force_login(make.staff("scraping.view_operations"))
    job = make.running_job(make.runner())
    unit = {"root_id": job.pk, "job": job, "scraper": "acme", "outcome": "found", "milliseconds": 1500}
    ScrapeResult.objects.bulk_create(ScrapeResult(sku=str(number), **unit) for number in range(1234))
    page = client.get(reverse("admin:operations")).content.decode()
    table = page.split('id="plot-table"')[1].split("</details>")[0]
    assert "1,234" in table
    assert page.split('data-part="plot_scrapers"')[1].count("1.5 s") >= 2
    data = client.get(reverse("admin:operations_changes"), {"plots": "1"}).json()["parts"]["plot_data"]
    assert '"word": "found", "label": "found", "counts": [' in data
