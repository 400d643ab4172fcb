from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pipeline import intake
from pipeline.models import Product, ProductEvent
from pipeline.stages import Stage
from runners.protocol.words import Outcome
from scraping.models import ScrapeJob
from scraping.signals import results_recorded
from tests import make

pytestmark = pytest.mark.django_db


def record(job: ScrapeJob, sku: str, **changes: Any) -> Product:
    """Store a result as the API does, announce it, and return the product as it is then."""
    results_recorded.send(sender=None, results=[make.result(job, sku=sku, **changes)])
    return Product.objects.get(sku=sku)


def test_a_find_becomes_a_source_and_enhances_the_product() -> None:
    make.product("A")
    job = make.job(skus=["A"])
    product = record(job, "A", fields={"name": "Rope"}, url="https://acme.test/a")
    said = product.sources["acme"]
    assert (said["name"], said["url"], said["job"]) == ("Rope", "https://acme.test/a", str(job.pk))
    assert "scraped_at" in said
    assert (product.stage, product.last_outcome, product.stale) == (Stage.ENHANCED, "found", True)
    assert product.version == 2


def test_it_notes_who_found_it_and_that_the_stage_moved() -> None:
    product = make.product("A")
    record(make.job(skus=["A"]), "A", fields={"name": "Rope"})
    source, stage = ProductEvent.objects.filter(product=product).order_by("id")
    assert (source.field, source.old) == ("sources", None)
    assert source.new is not None
    assert source.new["acme"]["name"] == "Rope"
    assert (stage.field, stage.old, stage.new) == ("stage", "imported", "enhanced")
    assert source.actor.startswith("acme, job ")


def test_nothing_found_leaves_the_stage_and_says_why() -> None:
    make.product("A")
    product = record(make.job(skus=["A"]), "A", outcome=Outcome.NOT_FOUND)
    assert (product.stage, product.last_outcome, product.sources, product.stale) == (
        "imported", "not_found", {}, False,
    )  # fmt: skip


def test_a_later_not_found_keeps_the_source_and_dates_it() -> None:
    make.product("A")
    record(make.job(skus=["A"]), "A", fields={"name": "Rope"})
    product = record(make.job(skus=["A"]), "A", outcome=Outcome.NOT_FOUND)
    assert product.sources["acme"]["name"] == "Rope"
    assert "not_found_at" in product.sources["acme"]
    assert product.last_outcome == "not_found"


def test_a_find_after_that_is_no_longer_dated() -> None:
    make.product("A")
    record(make.job(skus=["A"]), "A", fields={"name": "Rope"})
    record(make.job(skus=["A"]), "A", outcome=Outcome.NOT_FOUND)
    product = record(make.job(skus=["A"]), "A", fields={"name": "Rope"})
    assert "not_found_at" not in product.sources["acme"]


@pytest.mark.parametrize("outcome", [Outcome.BLOCKED, Outcome.NETWORK, Outcome.SKIPPED])
def test_trouble_touches_no_source(outcome: Outcome) -> None:
    make.product("A")
    before = record(make.job(skus=["A"]), "A", fields={"name": "Rope"}).sources
    product = record(make.job(skus=["A"]), "A", outcome=outcome)
    assert product.sources == before
    assert product.last_outcome == outcome


def test_a_new_find_replaces_only_its_own_source_and_keeps_the_old_words_in_the_history() -> None:
    make.product("A")
    job = make.job(skus=["A"], scrapers=["acme", "bradley"])
    record(job, "A", fields={"name": "Rope"})
    record(job, "A", scraper="bradley", fields={"name": "Cord"})
    product = record(make.job(skus=["A"]), "A", fields={"brand": "Knot"})
    assert "name" not in product.sources["acme"]
    assert product.sources["bradley"]["name"] == "Cord"
    assert ProductEvent.objects.filter(field="sources", old__acme__name="Rope").count() == 1


@pytest.mark.parametrize(
    ("outcomes", "word"),
    [
        (["not_found", "found", "network"], "found"),
        (["network", "not_found"], "not_found"),
        (["network", "blocked"], "blocked"),
    ],
)
def test_the_last_outcome_is_the_best_of_the_round_in_any_order(outcomes: list[str], word: str) -> None:
    for sku, order in (("A", outcomes), ("B", outcomes[::-1])):
        make.product(sku)
        slugs = [f"site{number}" for number in range(len(order))]
        job = make.job(skus=[sku], scrapers=slugs)
        for slug, outcome in zip(slugs, order, strict=True):
            product = record(job, sku, scraper=slug, outcome=outcome)
        assert product.last_outcome == word


def test_the_last_outcome_forgets_earlier_rounds() -> None:
    make.product("A")
    record(make.job(skus=["A"]), "A", fields={"name": "Rope"})
    assert record(make.job(skus=["A"]), "A", outcome=Outcome.NETWORK).last_outcome == "network"


@pytest.mark.parametrize("stage", ["approved", "published", "rejected"])
def test_settled_products_get_news_and_stay(stage: str) -> None:
    make.product("A", stage=stage)
    product = record(make.job(skus=["A"]), "A", fields={"name": "Rope"})
    assert product.stage == stage
    assert product.sources["acme"]["name"] == "Rope"
    assert product.news_at is not None


def test_the_same_words_again_are_no_news() -> None:
    make.product("A", stage="approved", sources={"acme": {"name": "Rope", "url": "", "scraped_at": "x", "job": "y"}})
    product = record(make.job(skus=["A"]), "A", fields={"name": "Rope"})
    assert product.news_at is None
    assert not ProductEvent.objects.filter(field="sources").exists()


def test_an_open_product_gets_no_news() -> None:
    make.product("A", stage="consolidated")
    assert record(make.job(skus=["A"]), "A", fields={"name": "Rope"}).news_at is None


def test_one_message_may_bring_several_sources_of_several_products() -> None:
    for sku in ("A", "B", "C"):
        make.product(sku)
    job = make.job(skus=["A", "B", "C"], scrapers=["acme", "bradley"])
    ended = {"A": "found", "B": "network", "C": "not_found"}
    results = [
        make.result(job, sku=sku, scraper=slug, outcome=word, fields={"name": slug})
        for sku, word in ended.items()
        for slug in job.scrapers
    ]
    results_recorded.send(sender=None, results=results)
    assert dict(Product.objects.values_list("sku", "last_outcome")) == ended
    product = Product.objects.get(sku="A")
    assert {slug: said["name"] for slug, said in product.sources.items()} == {"acme": "acme", "bradley": "bradley"}
    assert (product.stage, product.version) == ("enhanced", 2)
    assert list(Product.objects.filter(stage="imported").values_list("sku", flat=True)) == ["B", "C"]


def test_a_message_of_many_units_takes_no_more_queries_than_one_of_few() -> None:
    def queries(count: int) -> int:
        skus = [f"{count}-{number}" for number in range(count)]
        Product.objects.bulk_create(Product(sku=sku, register_name="x") for sku in skus)
        job = make.job(skus=skus)
        results = [make.result(job, sku=sku, fields={"name": sku}) for sku in skus]
        with CaptureQueriesContext(connection) as captured:
            results_recorded.send(sender=None, results=results)
        return len(captured)

    assert queries(2) == queries(40)


def test_a_sku_that_is_no_product_is_passed_over() -> None:
    intake.receive(None, results=[make.result(make.job(skus=["GONE"]))])
    assert not ProductEvent.objects.exists()
