"""The units of a job as its page lists them."""

import pytest
from django.test import Client
from django.urls import reverse

from runners.protocol.words import Reason
from scraping import grid, jobs
from scraping.models import ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db


def test_units_stand_in_the_order_of_the_scrapers() -> None:
    job = make.running_job(
        make.runner(), skus=["1", "2"], scrapers=["bradley", "acme"], context={"1": {"name": "GOLD", "price": "9.99"}}
    )
    stored = make.result(job, sku="1", scraper="acme")
    rows = grid.rows(job, job.skus)
    assert [(row.sku, row.name, row.cells) for row in rows] == [("1", "GOLD", [None, stored]), ("2", "", [None, None])]


@pytest.fixture
def job() -> ScrapeJob:
    job = make.running_job(make.runner(), skus=["3", "1", "2"], scrapers=["acme", "bradley"])
    make.result(job, sku="1", milliseconds=412, url="https://www.acme.test/p/1")
    make.result(job, sku="1", scraper="bradley", outcome="network")
    make.result(job, sku="2", scraper="bradley")
    return job


def test_skus_are_chosen_by_how_a_unit_ended_in_the_jobs_order(job: ScrapeJob) -> None:
    assert grid.counts(job) == {"found": 2, "network": 1, "open": 3}
    chosen = {word: grid.skus(job, word) for word in (None, "found", "network", "open", "blocked")}
    assert chosen == {
        None: ["3", "1", "2"], "found": ["1", "2"], "network": ["1"], "open": ["3", "2"], "blocked": [],
    }  # fmt: skip


def test_the_units_of_a_successor_are_those_of_its_own_skus(job: ScrapeJob) -> None:
    jobs.fail(job, reason=Reason.INTERRUPTED, at=job.created_at)
    heir = ScrapeJob.objects.get(retry_of=job)
    assert set(heir.skus) == {"2", "3"}
    assert grid.counts(heir) == {"found": 1, "open": 3}


def test_the_page_filters_its_units_without_a_script(client: Client, job: ScrapeJob) -> None:
    client.force_login(make.staff("scraping.view_operations"))
    address = reverse("admin:scraping_scrapejob_change", args=[job.pk])
    page = client.get(address, {"outcome": "network"}).content.decode()
    listed = page.split('id="units"')[1]
    assert '<td class="bs-mono">1</td>' in listed
    assert '<td class="bs-mono">2</td>' not in listed
    assert "0.4 s" in listed
    assert 'href="https://www.acme.test/p/1"' in listed
    page = client.get(address, {"outcome": "nonsense"}).content.decode()
    assert '<td class="bs-mono">3</td>' in page
