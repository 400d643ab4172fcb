"""A scraper's runs and the log of the one at work."""

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from scraping import runs
from scraping.models import ScrapeJob, Scraper
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def watcher(client: Client) -> Client:
    client.force_login(make.staff("scraping.view_operations", "scraping.view_scraper"))
    return client


def page_of(scraper: Scraper) -> str:
    return reverse("admin:scraping_scraper_runs", args=[scraper.pk])


def test_the_runs_of_a_scraper_are_its_jobs_the_newest_first_in_pages() -> None:
    made = [make.job(skus=[str(number)], scrapers=["bradley", "acme"]) for number in range(5)]
    make.job(scrapers=["bradley"])
    first = runs.of("acme", limit=2)
    second = runs.of("acme", limit=2, after=first.older)
    last = runs.of("acme", limit=2, after=second.older)
    assert [row.job.pk for page in (first, second, last) for row in page.rows] == [job.pk for job in reversed(made)]
    assert last.older is None


def test_jobs_of_one_batch_are_on_one_page_each() -> None:
    made = {make.job(skus=[str(number)]).pk for number in range(4)}
    ScrapeJob.objects.update(created_at=ScrapeJob.objects.latest("created_at").created_at)
    first = runs.of("acme", limit=2)
    second = runs.of("acme", limit=2, after=first.older)
    assert {row.job.pk for row in first.rows + second.rows} == made


def test_the_current_one_is_that_which_works_on_the_site() -> None:
    runner = make.runner()
    assert runs.current("acme") is None
    first = make.running_job(runner, scrapers=["acme", "bradley"])
    second = make.running_job(runner, skus=["2"], scrapers=["acme", "bradley"])
    assert runs.current("acme") == first
    ScrapeJob.objects.filter(pk=second.pk).update(working=["acme"])
    assert runs.current("acme") == second


def test_a_rare_scraper_is_found_by_an_index() -> None:
    for number in range(40):
        make.job(skus=[str(number)], scrapers=["acme"])
    rare = ScrapeJob.objects.filter(scrapers__contains=["rare"]).order_by()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")  # a GIN index is read as a bitmap
    assert "scrape_jobs_scrapers" in rare.explain()


def test_the_page_shows_the_log_of_the_current_run_for_this_scraper(watcher: Client) -> None:
    scraper = make.scraper("acme")
    job = make.running_job(make.runner(), scrapers=["acme", "bradley"])
    make.line(job, "at acme", scraper="acme")
    make.line(job, "at bradley", scraper="bradley")
    page = watcher.get(page_of(scraper)).content.decode()
    assert "at acme" in page
    assert "at bradley" not in page
    assert '<option value="acme" selected>' in page
    assert "at bradley" in watcher.get(page_of(scraper), {"scraper": ""}).content.decode()
    parts = watcher.get(page_of(scraper), {"as": "parts"}).json()["parts"]
    assert job.short in parts["runs"]


def test_where_nothing_runs_it_says_what_to_do(watcher: Client) -> None:
    page = watcher.get(page_of(make.scraper())).content.decode()
    assert "No job works on this site now." in page
    assert "No job has asked for it yet." in page


@pytest.mark.parametrize("permission", ["scraping.view_operations", "scraping.view_scraper"])
def test_one_must_be_allowed_to_see_scrapers_and_operations(client: Client, permission: str) -> None:
    client.force_login(make.staff(permission))
    assert client.get(page_of(make.scraper())).status_code == 403


def test_the_scrapers_page_leads_to_its_runs(watcher: Client) -> None:
    scraper = make.scraper()
    page = watcher.get(reverse("admin:scraping_scraper_change", args=[scraper.pk])).content.decode()
    assert f'href="{page_of(scraper)}"' in page


def test_a_products_page_leads_to_its_lines_in_each_job(client: Client) -> None:
    client.force_login(make.staff("pipeline.view_product", "scraping.view_operations"))
    product = make.product("A&1")
    job = make.running_job(make.runner(), skus=["A&1"], scrapers=["acme"])
    make.result(job, milliseconds=412)
    page = client.get(reverse("admin:pipeline_product_change", args=[product.pk])).content.decode()
    assert f"{reverse('admin:scraping_scrapejob_change', args=[job.pk])}?scraper=acme&amp;sku=A%261#log" in page
    assert "0.4 s" in page


def test_a_page_is_sent_the_log_of_another_run_alone(watcher: Client) -> None:
    scraper = make.scraper("acme")
    nothing = watcher.get(page_of(scraper), {"as": "parts"}).json()
    assert (nothing["job"], nothing["log"]) == (None, None)
    assert "No job works on this site now" in nothing["parts"]["current"]
    job = make.running_job(make.runner())
    make.line(job, "at acme", scraper="acme")
    new = watcher.get(page_of(scraper), {"as": "parts", "have": ""}).json()
    assert new["job"] == str(job.pk)
    assert "at acme" in new["log"]
    known = watcher.get(page_of(scraper), {"as": "parts", "have": str(job.pk)}).json()
    assert (known["job"], known["log"]) == (str(job.pk), None)
