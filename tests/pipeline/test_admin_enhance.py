import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from pipeline.models import Product
from scraping.models import ScrapeBatch, ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db
LIST = "/admin/pipeline/product/"
PAGE = f"{LIST}enhance/"


@pytest.fixture
def client(client: Client) -> Client:
    client.force_login(make.staff("pipeline.view_product", "pipeline.enhance_products"))
    return client


def fleet(*slugs: str) -> None:
    """Scrapers, and one runner whose key allows them all."""
    for slug in slugs or ("acme",):
        make.scraper(slug)
    make.key(make.runner())


def many(count: int) -> None:
    Product.objects.bulk_create(Product(sku=f"S{n:05}", register_name=f"THING {n}") for n in range(count))


def act(client: Client, *products: Product, query: str = "", across: bool = False) -> Any:
    ticked = {"_selected_action": [product.pk for product in products]}
    choice = {"action": "enhance_selected", "index": 0, "select_across": int(across)}
    return client.post(f"{LIST}{query}", ticked | choice)


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_select_all_10_000_travels_as_the_filter_and_not_as_ids(client: Client) -> None:
    fleet()
    many(10_000)
    first = Product.objects.all()[0]
    address = act(client, first, query="?stage__exact=imported&p=2", across=True)["Location"]
    assert address == f"{PAGE}?stage__exact=imported"
    assert "Enhance 10,000 products" in text(client.get(address))
    client.post(address, {"scrapers": ["acme"], "max_runners": 3, "start": 1})
    jobs = list(ScrapeJob.objects.order_by("turn"))
    assert [len(job.skus) for job in jobs] == [3334, 3333, 3333]
    assert len({sku for job in jobs for sku in job.skus}) == 10_000
    assert jobs[0].skus[:2] == ["S00000", "S00003"]


def test_all_can_be_enhanced_without_a_script(client: Client) -> None:
    many(120)
    listed = client.get(f"{LIST}?q=S000&p=2").content.decode()
    address = re.findall(r'<noscript>.*?href="([^"]+)"', listed, re.DOTALL)[0]
    assert "Enhance 100 products" in text(client.get(address))


def test_ticked_products_travel_by_id_in_list_order(client: Client) -> None:
    fleet()
    first, second, _third = (make.product(sku) for sku in ("A", "B", "C"))
    address = act(client, second, first)["Location"]
    client.post(address, {"scrapers": ["acme"], "max_runners": 1, "start": 1})
    assert ScrapeJob.objects.get().skus == ["A", "B"]


def test_the_lists_own_order_is_kept(client: Client) -> None:
    fleet()
    make.product("A", register_name="ZEBRA")
    make.product("B", register_name="APPLE")
    client.post(f"{PAGE}?o=2", {"scrapers": ["acme"], "max_runners": 1, "start": 1})
    assert ScrapeJob.objects.get().skus == ["B", "A"]


def test_active_scrapers_are_ticked_and_paused_ones_say_why_not(client: Client) -> None:
    fleet("acme", "bradley")
    make.scraper("coastal", state="paused", state_reason="two logins failed")
    make.product()
    page = client.get(PAGE)
    boxes = dict(re.findall(r'name="scrapers" value="(\w+)"( checked| disabled)?', page.content.decode()))
    assert boxes == {"acme": " checked", "bradley": " checked", "coastal": " disabled"}
    assert "two logins failed" in text(page)


def test_it_names_the_runners_that_are_there_and_may_use_each(client: Client) -> None:
    fleet("acme", "bradley")
    make.key(make.runner("narrow"), scrapers=["bradley"])
    make.key(make.runner("away", last_seen=timezone.now() - timedelta(hours=1)))
    make.key(make.runner("resting", paused=True))
    make.product()
    shown = [row["runners"] for row in client.get(PAGE).context["rows"]]
    assert shown == [["warehouse-1"], ["narrow", "warehouse-1"]]


def test_a_set_that_no_single_key_may_run_is_refused_in_a_sentence(client: Client) -> None:
    for slug in ("acme", "bradley"):
        make.scraper(slug)
        make.key(make.runner(slug), scrapers=[slug])
    make.product()
    assert "No single runner key may use all of: acme, bradley." in text(client.get(PAGE))
    answer = client.post(PAGE, {"scrapers": ["acme", "bradley"], "max_runners": 3, "start": 1})
    assert "No single runner key" in text(answer)
    assert not ScrapeBatch.objects.exists()


def test_looking_again_starts_nothing(client: Client) -> None:
    fleet("acme", "bradley")
    make.product()
    page = client.post(PAGE, {"scrapers": ["bradley"], "max_runners": 2, "check": 1})
    assert [row["ticked"] for row in page.context["rows"]] == [False, True]
    assert not ScrapeBatch.objects.exists()


def test_what_is_left_out_is_named_with_its_reason(client: Client) -> None:
    fleet()
    for sku in ("A", "B"):
        make.product(sku)
    make.product("NO", stage="rejected")
    make.job(skus=["A"])
    said = text(client.get(PAGE))
    assert "1 product is left out: A Already waiting in job" in said
    assert "1 product is left out: NO Rejected." in said
    client.post(PAGE, {"scrapers": ["acme"], "max_runners": 3, "start": 1})
    assert ScrapeBatch.objects.latest("created_at").jobs.get().skus == ["B"]


def test_the_next_page_shows_all_job_ids_and_what_was_left_out(client: Client) -> None:
    fleet()
    many(5)
    make.product("NO", stage="rejected")
    answer = client.post(PAGE, {"scrapers": ["acme"], "max_runners": 3, "start": 1}, follow=True)
    said = text(answer)
    ids = [str(key) for key in ScrapeJob.objects.values_list("pk", flat=True)]
    assert len(ids) == 3
    assert all(key in said for key in ids)
    assert "1 product was left out: NO. Rejected." in said


def test_the_runners_may_read_name_and_price(client: Client) -> None:
    fleet()
    make.product("A", target_price="64.99")
    make.product("B", target_price=None)
    client.post(PAGE, {"scrapers": ["acme"], "max_runners": 1, "start": 1})
    assert ScrapeJob.objects.get().context == {
        "A": {"name": "REGISTER A", "price": "64.99"},
        "B": {"name": "REGISTER B", "price": None},
    }


@pytest.mark.parametrize("runners", ["0", "", "many", "1000000"])
def test_a_number_of_runners_that_makes_no_sense_is_refused(client: Client, runners: str) -> None:
    fleet()
    make.product()
    answer = client.post(PAGE, {"scrapers": ["acme"], "max_runners": runners, "start": 1})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not ScrapeBatch.objects.exists()


def test_nothing_to_enhance_is_a_sentence(client: Client) -> None:
    fleet()
    make.product("NO", stage="rejected")
    answer = client.post(PAGE, {"scrapers": ["acme"], "max_runners": 3, "start": 1})
    assert "There is nothing to enhance. Rejected. (1)" in text(answer)


def test_nonsense_in_the_address_leads_back_to_the_list(client: Client) -> None:
    assert client.get(f"{PAGE}?id__in=nonsense")["Location"] == f"{LIST}?e=1"


def test_only_those_who_may_enhance_get_in(client: Client) -> None:
    client.force_login(make.staff("pipeline.view_product", name="looker"))
    product = make.product()
    assert client.get(PAGE).status_code == 403
    assert client.get(reverse("admin:pipeline_product_started", args=[make.job().batch_id])).status_code == 403
    assert "Location" not in act(client, product).headers
    assert not ScrapeBatch.objects.filter(source="product list").exists()


def test_the_number_of_queries_does_not_grow_with_the_products(client: Client) -> None:
    fleet()

    def queries(count: int) -> int:
        many(count)
        with CaptureQueriesContext(connection) as captured:
            client.get(PAGE)
        Product.objects.all().delete()
        return len(captured)

    client.get(PAGE)
    assert queries(5) == queries(250)
