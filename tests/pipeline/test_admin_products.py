import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pipeline.models import PlannedAction, Product, ProductEvent, ProductImport, ProductImportRow
from runners.protocol.words import Outcome
from tests import make

pytestmark = pytest.mark.django_db
LIST = "/admin/pipeline/product/"


@pytest.fixture
def client(client: Client) -> Client:
    client.force_login(make.staff("pipeline.view_product"))
    return client


def skus(client: Client, query: str = "") -> list[str]:
    return [product.sku for product in client.get(f"{LIST}{query}").context["cl"].result_list]


def page(client: Client, product: Product) -> str:
    content = client.get(f"{LIST}{product.pk}/change/").content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content))


def said(value: Any, **more: Any) -> dict[str, Any]:
    return {"value": value, "source": "acme", "reason": "only acme gives one", **more}


def test_products_stand_in_order_of_arrival(client: Client) -> None:
    for sku in ("Z", "A", "M"):
        make.product(sku)
    assert skus(client) == ["Z", "A", "M"]


def test_search_finds_an_exact_sku_first(client: Client) -> None:
    for sku in ("X-12", "12-X", "120", "12"):
        make.product(sku)
    make.product("OTHER", register_name="PACK OF 12")
    assert skus(client, "?q=12")[0] == "12"
    assert set(skus(client, "?q=12")) == {"X-12", "12-X", "120", "12", "OTHER"}
    assert skus(client, "?q=12-x") == ["12-X"]


def test_search_finds_a_sku_with_spaces_in_it(client: Client) -> None:
    make.product("AB 12 extra")
    make.product("AB 12")
    assert skus(client, "?q=AB+12") == ["AB 12", "AB 12 extra"]


def test_an_exact_sku_stays_first_in_any_order(client: Client) -> None:
    make.product("120", register_name="A")
    make.product("12", register_name="Z")
    assert skus(client, "?q=12&o=2") == ["12", "120"]


def test_it_filters_by_stage_and_last_outcome(client: Client) -> None:
    make.product("A", stage="approved", last_outcome=Outcome.FOUND)
    make.product("B", last_outcome=Outcome.NETWORK)
    make.product("C")
    assert skus(client, "?stage__exact=approved") == ["A"]
    assert skus(client, "?outcome=network") == ["B"]
    assert skus(client, "?outcome=never") == ["C"]


def test_it_filters_by_what_is_missing(client: Client) -> None:
    whole = {"name": said("Rope"), "brand": said("Knot"), "images": said(["https://a.test/1.jpg"])}
    make.product("WHOLE", consolidated=whole)
    make.product("TILL", consolidated=whole | {"name": said("ROPE", source="spreadsheet")})
    make.product("BRAND", consolidated=whole | {"brand": said("")})
    make.product("PRICE", consolidated=whole, target_price=None)
    make.product("FREE", consolidated=whole, target_price=0)
    make.product("IMAGE", consolidated=whole | {"images": said([])})
    assert skus(client, "?missing=name") == ["TILL"]
    assert skus(client, "?missing=brand") == ["BRAND"]
    assert skus(client, "?missing=price") == ["PRICE", "FREE"]
    assert skus(client, "?missing=image") == ["IMAGE"]


def test_it_filters_by_conflicts_that_nobody_has_decided(client: Client) -> None:
    make.product("W", consolidated={"weight": said("30 lb", conflict=True)})
    make.product("G", consolidated={"gtin": said("1", conflict=True)})
    make.product("DECIDED", consolidated={"gtin": said("1", conflict=True, locked_by="maria")})
    make.product("NONE", consolidated={"gtin": said("1")})
    assert skus(client, "?conflict=any") == ["W", "G"]
    assert skus(client, "?conflict=gtin") == ["G"]
    assert skus(client, "?conflict=weight") == ["W"]


def test_it_filters_by_news_and_by_what_has_not_left(client: Client) -> None:
    make.product("NEWS", stage="published", news_at=timezone.now())
    make.product("FRESH", stage="approved")
    make.product("AGAIN", stage="approved", exported_at=timezone.now())
    make.product("EARLY")
    assert skus(client, "?news=yes") == ["NEWS"]
    assert skus(client, "?export=no") == ["FRESH", "AGAIN"]
    assert skus(client, "?export=yes") == ["NEWS"]


def test_it_filters_by_import(client: Client) -> None:
    upload = ProductImport.objects.create(file_name="spring.xlsx", content=b"", checksum="")
    for number, sku in enumerate(("A", "B")):
        make.product(sku)
        ProductImportRow.objects.create(
            product_import=upload, number=number, sku=sku, action=PlannedAction.CREATE, applied=sku == "A"
        )
    assert skus(client, f"?import={upload.pk}") == ["A"]
    assert "spring.xlsx" in client.get(LIST).content.decode()


def test_it_filters_by_batch_across_its_jobs(client: Client) -> None:
    for sku in ("A", "B", "C"):
        make.product(sku)
    batch = make.job(skus=["A"]).batch
    make.job(skus=["C"], batch=batch)
    make.job(skus=["B"])
    assert skus(client, f"?batch={batch.pk}") == ["A", "C"]
    assert skus(client, "?batch=nonsense") == []


def test_the_list_takes_a_handful_of_queries_however_many_products(client: Client) -> None:
    def queries(count: int) -> int:
        Product.objects.bulk_create(Product(sku=f"{count}-{n}", register_name="x") for n in range(count))
        with CaptureQueriesContext(connection) as captured:
            client.get(LIST)
        return len(captured)

    client.get(LIST)
    assert queries(1) == queries(250) <= 10


def test_the_list_reads_no_sources(client: Client) -> None:
    make.product("A", sources={"acme": {"name": "x" * 1000}})
    with CaptureQueriesContext(connection) as captured:
        client.get(LIST)
    assert not [query["sql"] for query in captured if '"sources"' in query["sql"]]


def test_a_product_shows_record_sources_lookups_and_history(client: Client) -> None:
    product = make.product(
        "A",
        consolidated={"name": said("Rope 10 m"), "weight": said("1 lb", conflict=True)},
        sources={"bradley": {"name": "Cord", "url": "https://b.test/1", "not_found_at": "2026-01-01T00:00:00+00:00"}},
    )
    make.result(make.job(skus=["A"]), outcome=Outcome.BLOCKED, message="asked who we are")
    make.result(make.job(skus=["A"], scrapers=["coastal"]), outcome=Outcome.NOT_FOUND)
    user = make.staff(name="ann")
    ProductEvent.objects.create(product=product, by=user, field="target_price", old="1.00", new="2.00", why="typo")
    shown = page(client, product)
    for part in ("Rope 10 m", "sources disagree", "Cord", "no longer found", "asked who we are", "not found"):
        assert part in shown
    assert "ann" in shown
    assert "Target price: 1.00 → 2.00 typo" in shown


def test_only_web_addresses_become_links(client: Client) -> None:
    product = make.product("A", sources={"acme": {"images": ["javascript:alert(1)", "https://a.test/1.jpg"]}})
    content = client.get(f"{LIST}{product.pk}/change/").content.decode()
    assert 'href="https://a.test/1.jpg"' in content
    assert 'href="javascript' not in content
    assert "javascript:alert(1)" in content
    assert "<img" not in content.split('id="content-main"')[1]


def test_what_sites_say_is_never_markup(client: Client) -> None:
    product = make.product("A", register_name="<b>till</b>", sources={"acme": {"name": "<script>alert(1)</script>"}})
    assert "<script>alert" not in client.get(f"{LIST}{product.pk}/change/").content.decode()
    assert "<b>till" not in client.get(LIST).content.decode()


def test_buttons_are_for_those_who_may_press_them(client: Client) -> None:
    product = make.product("A", stage="approved")
    address = f"{LIST}{product.pk}/change/"
    assert f"enhance/?id__in={product.pk}" not in client.get(address).content.decode()
    client.force_login(make.staff("pipeline.view_product", "pipeline.enhance_products", name="ann"))
    assert f"enhance/?id__in={product.pk}" in client.get(address).content.decode()
    client.force_login(make.staff("pipeline.view_product", "pipeline.export_products", name="bob"))
    assert f"export/?id__in={product.pk}" in client.get(address).content.decode()


def test_nothing_can_be_typed_into_a_product(client: Client) -> None:
    product = make.product("A")
    client.force_login(User.objects.create_superuser("root"))
    client.post(f"{LIST}{product.pk}/change/", {"sku": "B", "register_name": "X", "stage": "approved"})
    product.refresh_from_db()
    assert (product.sku, product.stage) == ("A", "imported")


def test_products_are_never_deleted_and_a_sentence_says_so(client: Client) -> None:
    product = make.product("A")
    client.force_login(User.objects.create_superuser("root"))
    answer = client.post(f"{LIST}{product.pk}/delete/", {"post": "yes"}, follow=True)
    assert "Products are never deleted" in answer.content.decode()
    assert Product.objects.filter(pk=product.pk).exists()
    assert "delete_selected" not in client.get(LIST).content.decode()


def test_strangers_see_nothing(client: Client) -> None:
    product = make.product("A")
    client.force_login(make.staff(name="nobody"))
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{product.pk}/change/").status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403


@pytest.mark.parametrize("key", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_product_is_not_found(client: Client, key: str) -> None:
    assert client.get(f"{LIST}{key}/change/").status_code == 404


class TestAddOneProduct:
    ADD = f"{LIST}add/"

    @pytest.fixture
    def client(self, client: Client) -> Client:
        client.force_login(make.staff("pipeline.import_products", "pipeline.view_product", name="ann"))
        return client

    def add(self, client: Client, sku: str = "007", name: str = "ROPE", price: str = "") -> Any:
        return client.post(self.ADD, {"sku": sku, "register_name": name, "target_price": price})

    def test_it_is_read_like_a_row_of_a_spreadsheet(self, client: Client) -> None:
        self.add(client, " 007\u200b ", " ROPE  10M ", "$1,234.50")
        product = Product.objects.get()
        assert (product.sku, product.register_name, str(product.target_price)) == ("007", "ROPE  10M", "1234.50")
        assert product.stage == "imported"
        assert ProductEvent.objects.get().by == User.objects.get(username="ann")

    def test_it_goes_on_to_the_enhance_page(self, client: Client) -> None:
        assert self.add(client)["Location"] == f"{LIST}{Product.objects.get().pk}/change/"
        client.force_login(
            make.staff("pipeline.import_products", "pipeline.view_product", "pipeline.enhance_products", name="bob")
        )
        answer = self.add(client, "008")
        assert answer["Location"] == f"{LIST}enhance/?id__in={Product.objects.get(sku='008').pk}"

    @pytest.mark.parametrize(
        ("sku", "name", "price", "sentence"),
        [
            ("7.27E+10", "ROPE", "", "the digits of the SKU are lost"),
            ("A", "\u200b", "", "The name is blank."),
            ("A", "ROPE", "2/$5", "not one price"),
            ("A", "ROPE", "-1", "negative price"),
            ("HERE", "ROPE", "", "already exists"),
        ],
    )
    def test_what_cannot_be_read_is_refused_in_a_sentence(
        self, client: Client, sku: str, name: str, price: str, sentence: str
    ) -> None:
        make.product("HERE")
        answer = self.add(client, sku, name, price)
        assert sentence in answer.content.decode()
        assert Product.objects.count() == 1
