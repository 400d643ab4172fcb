"""A product's record follows its sources, and only them."""

import pytest

from pipeline.consolidation import backlog, consolidate
from pipeline.consolidation.consolidate import Result
from pipeline.models import Product
from pipeline.stages import Stage
from tests import make

pytestmark = pytest.mark.django_db

SOURCES = {
    "acme": {"name": "Gold Chicken", "brand": "Fromm", "weight": "30 lb", "url": "https://acme.test/1"},
    "bradley": {"name": "GOLD CHICKEN", "weight": "480 oz"},
}


def fresh(product: Product) -> Product:
    return Product.objects.get(pk=product.pk)


@pytest.mark.parametrize("stage", ["imported", "enhanced", "consolidated"])
def test_a_product_with_evidence_becomes_ready_for_review(stage: str) -> None:
    product = make.product(stage=stage, sources=SOURCES, stale=True)
    assert consolidate.consolidate(product.pk) == Result.DONE
    product = fresh(product)
    assert (product.stage, product.stale) == (Stage.CONSOLIDATED, False)
    assert product.value("name") == "Gold Chicken"
    assert product.consolidated["weight"]["reason"] == "acme and bradley agree"


def test_trust_decides_a_tie() -> None:
    make.scraper("acme", trust=10)
    make.scraper("bradley", trust=90)
    product = make.product(sources={"acme": {"brand": "A"}, "bradley": {"brand": "B"}})
    consolidate.consolidate(product.pk)
    assert fresh(product).consolidated["brand"]["source"] == "bradley"


def test_what_no_source_knows_stays_imported_until_it_is_completed_by_hand() -> None:
    product = make.product(sources={"acme": {"url": "https://acme.test", "price": "3.99"}}, stale=True)
    assert consolidate.consolidate(product.pk) == Result.UNKNOWN
    assert (fresh(product).stage, fresh(product).stale) == (Stage.IMPORTED, False)
    assert consolidate.consolidate(product.pk, by=make.staff(), by_hand=True) == Result.DONE
    assert fresh(product).consolidated["name"]["source"] == "spreadsheet"


@pytest.mark.parametrize("stage", ["approved", "published", "rejected"])
def test_a_settled_product_is_left_as_it_is(stage: str) -> None:
    product = make.product(stage=stage, sources=SOURCES, stale=True)
    assert consolidate.consolidate(product.pk, by_hand=True) == Result.SETTLED
    after = fresh(product)
    assert (after.stage, after.consolidated, after.stale, after.version) == (stage, {}, False, product.version)


@pytest.mark.parametrize("running", [False, True])
def test_nothing_is_done_while_an_open_job_holds_the_sku(running: bool) -> None:
    product = make.product("A 1", sources=SOURCES, stale=True)
    if running:
        make.running_job(make.runner(), skus=["B", "A 1"])
    else:
        make.job(skus=["B", "A 1"])
    assert consolidate.consolidate(product.pk, by_hand=True) == Result.BUSY
    assert not consolidate.stale().exists()
    assert (fresh(product).stage, fresh(product).stale) == (Stage.IMPORTED, True)


def test_a_test_job_holds_nobody_up() -> None:
    make.product("A 1", sources=SOURCES, stale=True)
    make.job(skus=["A 1"], test_mode=True)
    assert backlog.work() == {Result.DONE: 1}


def test_a_second_time_changes_nothing() -> None:
    product = make.product(sources=SOURCES)
    consolidate.consolidate(product.pk)
    before = fresh(product)
    consolidate.consolidate(product.pk)
    after = fresh(product)
    assert (after.consolidated, after.version, after.events.count()) == (before.consolidated, before.version, 2)


def test_history_tells_the_values_before_and_after() -> None:
    product = make.product(sources=SOURCES)
    consolidate.consolidate(product.pk)
    Product.objects.filter(pk=product.pk).update(sources={"acme": {"name": "Gold Chicken", "brand": "Gold"}})
    consolidate.consolidate(product.pk)
    event = product.events.first()
    assert event is not None
    assert (event.actor, event.field) == ("consolidation", "record")
    assert (event.old, event.new) == ({"brand": "Fromm", "weight": "30 lb"}, {"brand": "Gold", "weight": None})


def test_a_locked_field_survives() -> None:
    locked = {"value": "Mine", "source": "staff", "reason": "maria typed it", "locked_by": "maria", "at": "1"}
    product = make.product(sources=SOURCES, consolidated={"brand": locked})
    consolidate.consolidate(product.pk)
    assert fresh(product).consolidated["brand"] == locked


def test_the_backlog_takes_only_what_is_stale() -> None:
    make.product("A", sources=SOURCES, stale=True)
    make.product("B", sources=SOURCES)
    assert backlog.work() == {Result.DONE: 1}
    assert backlog.work() == {}


def test_a_product_that_cannot_be_consolidated_costs_itself_alone_and_says_so() -> None:
    broken = make.product("A", sources={"acme": "not an object"}, stale=True)
    make.product("B", sources=SOURCES, stale=True)
    assert backlog.work() == {Result.FAILED: 1, Result.DONE: 1}
    assert fresh(broken).trouble
    assert backlog.work() == {}
