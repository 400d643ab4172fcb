"""Applying does what the stored plan says, once, and only to products that are as they were."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from pipeline.models import ImportState, Product, ProductEvent, ProductImport
from pipeline.spreadsheet import apply, plan, queries, work
from tests import make, sheets
from tests.sheets import HEADER

pytestmark = pytest.mark.django_db


def planned(*rows: Sequence[str]) -> ProductImport:
    upload = plan.receive(sheets.text([HEADER, *rows]), file_name="feed.csv", by=None)
    work.plan_upload(upload.pk)
    return upload


def applied(upload: ProductImport, *, action: str = "", search: str = "") -> ProductImport:
    apply.confirm(upload.pk, by=None, action=action, search=search)
    work.apply_upload(upload.pk)
    upload.refresh_from_db()
    return upload


def test_it_creates_products_in_the_order_of_the_file() -> None:
    upload = applied(planned(["B", "Bee", "1"], ["A", "Ay", ""], ["0042", "Cee", "0"]))
    products = Product.objects.order_by("arrival")
    assert list(products.values_list("sku", "register_name", "target_price", "stage")) == [
        ("B", "Bee", Decimal(1), "imported"),
        ("A", "Ay", None, "imported"),
        ("0042", "Cee", Decimal(0), "imported"),
    ]
    assert (upload.state, upload.done, upload.counts["created"]) == (ImportState.APPLIED, 3, 3)
    assert upload.applied_at is not None


def test_it_updates_name_and_price_and_nothing_else() -> None:
    sources = {"acme": {"name": "Feed"}}
    before = make.product("1", stage="approved", sources=sources, consolidated={"name": {"value": "Feed"}})
    applied(planned(["1", "NEW", "5"]))
    after = Product.objects.get(pk=before.pk)
    assert (after.register_name, after.target_price, after.version) == ("NEW", Decimal(5), before.version + 1)
    assert (after.stage, after.sources, after.consolidated) == ("approved", sources, before.consolidated)


@pytest.mark.parametrize("stage", ["imported", "enhanced", "consolidated", "approved", "published", "rejected"])
def test_it_never_moves_a_stage(stage: str) -> None:
    make.product("1", stage=stage)
    applied(planned(["1", "NEW", "5"]))
    assert Product.objects.get().stage == stage


@pytest.mark.parametrize(
    ("stage", "price", "news"),
    [
        ("approved", "5", True),
        ("published", "5", True),
        ("published", "", True),
        ("approved", "9.99", False),
        ("consolidated", "5", False),
        ("rejected", "5", False),
    ],
)
def test_a_changed_price_is_news_where_the_product_is_settled(stage: str, price: str, news: bool) -> None:
    make.product("1", stage=stage)
    applied(planned(["1", "NEW", price]))
    assert (Product.objects.get().news_at is not None) is news


@pytest.mark.parametrize(("stage", "stale"), [("imported", False), ("consolidated", True), ("approved", False)])
def test_a_record_under_way_is_consolidated_again(stage: str, stale: bool) -> None:
    make.product("1", stage=stage)
    applied(planned(["1", "NEW", "5"]))
    assert Product.objects.get().stale is stale


def test_a_record_that_waits_to_be_consolidated_goes_on_waiting() -> None:
    make.product("1", stale=True)
    applied(planned(["1", "NEW", "5"]))
    assert Product.objects.get().stale


def test_the_history_says_who_changed_what_and_why() -> None:
    ann = make.staff(name="ann")
    make.product("1", register_name="OLD", target_price="5")
    upload = planned(["1", "NEW", "5.50"], ["2", "TWO", "1"])
    apply.confirm(upload.pk, by=ann)
    work.apply_upload(upload.pk)
    events = ProductEvent.objects.order_by("product__arrival", "field")
    assert list(events.values_list("product__sku", "field", "old", "new", "why", "by")) == [
        ("1", "register_name", "OLD", "NEW", "feed.csv, row 2", ann.pk),
        ("1", "target_price", "5.00", "5.50", "feed.csv, row 2", ann.pk),
        ("2", "stage", None, "imported", "feed.csv, row 3", ann.pk),
    ]


def test_only_what_changed_is_in_the_history() -> None:
    make.product("1", register_name="A", target_price=None)
    applied(planned(["1", "A", "5"]))
    assert list(ProductEvent.objects.values_list("field", "old", "new")) == [("target_price", None, "5.00")]


def test_twice_is_once() -> None:
    upload = planned(["1", "A", "1"])
    assert apply.confirm(upload.pk, by=None)
    assert not apply.confirm(upload.pk, by=None)
    work.apply_upload(upload.pk)
    assert not apply.confirm(upload.pk, by=None)
    work.apply_upload(upload.pk)
    assert (Product.objects.count(), ProductEvent.objects.count()) == (1, 1)


def test_the_same_file_again_is_all_the_same() -> None:
    rows = [["0042", "A", "$1,234.50"], ["A b", "Bée", ""], ["3", "C", "72.98999999"]]
    applied(planned(*rows))
    again = planned(*rows)
    assert set(again.rows.values_list("action", flat=True)) == {"same"}
    assert not apply.confirm(again.pk, by=None)


def test_it_reads_nothing_but_the_stored_plan() -> None:
    upload = planned(["1", "A", "1"])
    ProductImport.objects.filter(pk=upload.pk).update(content=b"SKU,NAME\n1,OTHER\n")
    applied(upload)
    assert Product.objects.get().register_name == "A"


def test_a_product_changed_since_is_set_aside() -> None:
    make.product("1", register_name="OLD")
    upload = planned(["1", "NEW", "5"], ["2", "TWO", "1"])
    Product.objects.update(register_name="MEANWHILE", version=2)
    applied(upload)
    assert list(Product.objects.order_by("sku").values_list("register_name", flat=True)) == ["MEANWHILE", "TWO"]
    stale = upload.rows.get(number=2)
    assert (stale.action, stale.applied, stale.problems[-1]["message"]) == ("stale", False, apply.STALE)
    assert (upload.counts["stale"], upload.counts["created"]) == (1, 1)


def test_a_product_created_since_is_set_aside() -> None:
    upload = planned(["1", "A", "1"])
    make.product("1", register_name="MEANWHILE")
    applied(upload)
    assert Product.objects.get().register_name == "MEANWHILE"
    assert upload.rows.get().action == "stale"


def test_rows_that_are_wrong_or_skipped_are_not_applied() -> None:
    upload = applied(planned(["1", "A", "1"], ["1", "A", "1"], ["2", "", "1"]))
    assert Product.objects.count() == 1
    assert list(upload.rows.order_by("number").values_list("applied", flat=True)) == [True, False, False]


def test_only_the_rows_that_a_filter_shows_are_applied_and_the_rest_can_follow() -> None:
    make.product("1", register_name="OLD")
    upload = planned(["1", "NEW", "1"], ["2", "RED BOWL", "1"], ["3", "BLUE BOWL", "1"])
    applied(upload, action="create", search="red")
    assert set(Product.objects.values_list("register_name", flat=True)) == {"OLD", "RED BOWL"}
    applied(upload)
    assert set(Product.objects.values_list("register_name", flat=True)) == {"NEW", "RED BOWL", "BLUE BOWL"}
    assert (upload.counts["created"], upload.counts["updated"]) == (2, 1)


def test_it_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "CHUNK", 2)
    upload = planned(*([f"S{number}", "A", "1"] for number in range(5)))
    apply.confirm(upload.pk, by=None)
    assert apply.step(upload.pk)
    upload.refresh_from_db()
    assert (upload.done, upload.total, Product.objects.count()) == (2, 5, 2)
    work.apply_upload(upload.pk)
    upload.refresh_from_db()
    assert (upload.done, upload.state, Product.objects.count()) == (5, ImportState.APPLIED, 5)


def test_a_fault_of_ours_keeps_what_was_applied_and_lets_the_rest_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apply, "CHUNK", 1)
    upload = planned(["1", "A", "1"], ["2", "B", "1"])
    with monkeypatch.context() as broken:
        broken.setattr(work, "_step", lambda _: apply.step(upload.pk) and 1 / 0)
        applied(upload)
    assert (upload.state, upload.problem, Product.objects.count()) == (ImportState.APPLIED, work.STOPPED, 1)
    applied(upload)
    assert (upload.problem, Product.objects.count()) == ("", 2)


def test_it_knows_the_products_it_brought() -> None:
    make.product("1", register_name="OLD")
    make.product("9")
    upload = applied(planned(["1", "NEW", "1"], ["2", "TWO", "1"]))
    assert set(queries.products(upload.pk).values_list("sku", flat=True)) == {"1", "2"}


def test_what_was_applied_cannot_be_discarded() -> None:
    upload = planned(["1", "A", "1"])
    apply.confirm(upload.pk, by=None)
    assert not plan.discard(upload.pk)
    work.apply_upload(upload.pk)
    assert not plan.discard(upload.pk)
