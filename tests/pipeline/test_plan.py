"""A plan says of every row what will happen, against what, and what is wrong in which cell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from pipeline.models import ImportState, Product, ProductImport, ProductImportRow
from pipeline.spreadsheet import plan, settle, work
from pipeline.spreadsheet.plan import SupersededError
from tests import make, sheets
from tests.sheets import HEADER

pytestmark = pytest.mark.django_db


def planned(
    *rows: Sequence[Any], header: Sequence[str] = HEADER, content: bytes | None = None, name: str = "feed.csv"
) -> ProductImport:
    upload = plan.receive(content or sheets.text([header, *rows]), file_name=name, by=None)
    work.plan_upload(upload.pk)
    upload.refresh_from_db()
    return upload


def actions(upload: ProductImport) -> list[str]:
    return list(upload.rows.order_by("number").values_list("action", flat=True))


def row(upload: ProductImport, number: int) -> ProductImportRow:
    return upload.rows.get(number=number)


def said(upload: ProductImport, number: int) -> list[tuple[str, str, str]]:
    return [(each["cell"], each["level"], each["message"]) for each in row(upload, number).problems]


def test_it_plans_to_create_what_is_new_and_keeps_the_row() -> None:
    upload = planned(["0042", "ACME FEED", "$1,234.50"])
    (only,) = upload.rows.all()
    assert (only.number, only.sku, only.register_name) == (2, "0042", "ACME FEED")
    assert (only.target_price, only.action, only.product_version) == (Decimal("1234.50"), "create", None)
    assert only.cells == {"SKU": "0042", "NAME": "ACME FEED", "PRICE": "$1,234.50"}
    assert (upload.state, upload.header_row, upload.done, upload.total) == (ImportState.PLANNED, 1, 1, 1)


def test_it_plans_nothing_into_the_products() -> None:
    planned(["0042", "ACME FEED", "1"])
    assert not Product.objects.exists()


def test_it_plans_an_update_against_the_current_values_and_version() -> None:
    make.product("0042", register_name="OLD", target_price="5", version=7)
    update = row(planned(["0042", "NEW", "6"]), 2)
    assert (update.action, update.product_version) == ("update", 7)
    assert update.current == {"register_name": "OLD", "target_price": "5.00"}


@pytest.mark.parametrize("price", ["5", None])
def test_what_says_nothing_new_is_the_same(price: str | None) -> None:
    make.product("0042", register_name="ACME", target_price=price)
    assert actions(planned(["0042", "ACME", price or ""])) == ["same"]


def test_a_changed_price_alone_is_an_update() -> None:
    make.product("0042", register_name="ACME", target_price="5")
    assert actions(planned(["0042", "ACME", "5.01"])) == ["update"]


def test_wrong_rows_are_listed_beside_good_ones() -> None:
    upload = planned(["1", "A", "1"], ["2", "B", "call us"], ["7.27E+10", "", "1"])
    assert actions(upload) == ["create", "error", "error"]
    assert [(cell, level) for cell, level, _ in said(upload, 4)] == [("A4", "error"), ("B4", "error")]
    assert said(upload, 3)[0][:2] == ("C3", "error")
    assert {what: count for what, count in upload.counts.items() if count} == {"create": 1, "error": 2}


def test_equal_rows_collapse_into_the_first() -> None:
    upload = planned(["1", "A", "1"], ["1", "A", "1.00"], ["1", "A", "$1"])
    assert actions(upload) == ["create", "skip", "skip"]
    assert said(upload, 4) == [("A4", "warning", "Row 2 says the same.")]


@pytest.mark.parametrize("other", [["1", "B", "1"], ["1", "A", "2"], ["1", "A", ""]])
def test_rows_that_disagree_are_errors_that_name_each_other(other: list[str]) -> None:
    upload = planned(["1", "A", "1"], ["9", "X", "1"], other)
    assert actions(upload) == ["error", "create", "error"]
    assert said(upload, 2) == [("A2", "error", "Row 4 has this SKU too, with another name or price.")]
    assert said(upload, 4) == [("A4", "error", "Row 2 has this SKU too, with another name or price.")]


def test_a_long_disagreement_names_a_few_rows() -> None:
    upload = planned(*(["1", f"NAME {number}", "1"] for number in range(6)))
    assert said(upload, 2)[0][2].startswith("Each of rows 3, 4, 5 and 2 more has this SKU too")


def test_a_wrong_row_does_not_take_a_good_one_with_it() -> None:
    assert actions(planned(["1", "A", "1"], ["1", "A", "call us"])) == ["create", "error"]


@pytest.mark.parametrize(("mine", "other"), [("0042", "42"), ("ab 12", "AB12"), ("Ab-12", "aB-12")])
def test_a_sku_like_one_in_the_file_is_a_warning(mine: str, other: str) -> None:
    upload = planned([mine, "A", "1"], [other, "B", "1"])
    assert actions(upload) == ["create", "create"]
    assert said(upload, 2) == [
        ("A2", "warning", f"“{mine}” differs from “{other}” only by zeros, spaces or case."),
    ]
    assert upload.counts["warnings"] == 2


def test_a_sku_like_a_product_is_a_warning() -> None:
    make.product("0042")
    make.product("4200")
    upload = planned(["42", "A", "1"])
    assert said(upload, 2) == [("A2", "warning", "“42” differs from “0042” only by zeros, spaces or case.")]


def test_a_blank_price_for_a_priced_product_is_a_warning() -> None:
    make.product("0042", register_name="A", target_price="1234.5")
    upload = planned(["0042", "A", ""])
    assert (actions(upload), row(upload, 2).target_price) == (["update"], None)
    assert said(upload, 2) == [("C2", "warning", "The price is blank; the current 1,234.50 would be removed.")]


def test_a_file_without_prices_leaves_prices_alone() -> None:
    make.product("1", register_name="A", target_price="5")
    make.product("2", register_name="B", target_price="6")
    upload = planned(["1", "A"], ["2", "BB"], ["3", "C"], header=("SKU", "NAME"))
    assert actions(upload) == ["same", "update", "create"]
    assert list(upload.rows.values_list("target_price", flat=True)) == [Decimal("5"), Decimal("6"), None]


def test_it_remembers_how_the_columns_were_read() -> None:
    upload = planned(
        ["9", "ACME", "FEED", "1234.5", "x", "A1"], ["8", "ACME", "", "2", "x", "A2"],
        header=("UPC", "DESCRIPTION1", "DESCRIPTION2", "LIST_PRICE", "DEPT", "SKU"),
    )  # fmt: skip
    assert upload.mapping == {
        "sheet": "CSV",
        "fields": [
            {"field": "sku", "columns": ["SKU"], "passed_over": ["UPC"], "samples": ["A1", "A2"]},
            {"field": "register_name", "columns": ["DESCRIPTION1", "DESCRIPTION2"], "passed_over": [],
             "samples": ["ACME FEED", "ACME"]},
            {"field": "target_price", "columns": ["LIST_PRICE"], "passed_over": [], "samples": ["1,234.50", "2.00"]},
        ],
        "others": [{"column": "UPC", "samples": ["9", "8"]}, {"column": "DEPT", "samples": ["x"]}],
    }  # fmt: skip


def test_three_samples_are_enough() -> None:
    upload = planned(*([str(number), "A", "1"] for number in range(9)))
    assert upload.mapping["fields"][0]["samples"] == ["0", "1", "2"]


def test_a_file_that_is_refused_says_why() -> None:
    upload = planned(["1", "2"], header=("x", "y"))
    assert upload.state == ImportState.FAILED
    assert "No header row" in upload.problem


def test_a_file_that_is_refused_half_way_leaves_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "CHUNK", 1)
    upload = planned(content=b'SKU,NAME\n1,A\n2,B\n3,"C\n4,D\n')
    assert (upload.state, upload.rows.count()) == (ImportState.FAILED, 0)
    assert upload.problem.startswith("Row 4 opens a quotation mark")


def test_a_fault_of_ours_is_a_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "settle", lambda *_: 1 / 0)
    upload = planned(["1", "A", "1"])
    assert (upload.state, upload.problem) == (ImportState.FAILED, work.OUR_FAULT)


def test_a_header_without_rows_is_an_empty_plan() -> None:
    upload = planned()
    assert (upload.state, upload.total) == (ImportState.PLANNED, 0)


def test_many_rows_are_stored_chunk_by_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "CHUNK", 2)
    upload = planned(*([f"S{number}", "A", "1"] for number in range(5)))
    assert (upload.rows.count(), upload.done) == (5, 5)


def test_text_that_the_database_cannot_hold_is_replaced() -> None:
    table = [["SKU", "NAME", "NOTE"], ["1", "A_x0000_B", "x_x0000_y"]]
    upload = planned(content=sheets.xlsx(table), name="feed.xlsx")
    assert (row(upload, 2).register_name, row(upload, 2).cells["NOTE"]) == ("AB", "x�y")


def test_a_plan_is_made_once() -> None:
    upload = planned(["1", "A", "1"])
    assert plan.begin(upload.pk) is None


def test_an_attempt_that_went_quiet_is_begun_anew_and_can_no_longer_write() -> None:
    upload = plan.receive(b"x", file_name="feed.csv", by=None)
    dead = plan.begin(upload.pk)
    assert dead is not None
    assert plan.begin(upload.pk) is None
    ProductImport.objects.filter(pk=upload.pk).update(progress_at=F("progress_at") - timedelta(minutes=2))
    assert plan.begin(upload.pk) is not None
    with pytest.raises(SupersededError):
        plan.store(dead, [], expected=1)


def test_abandoned_uploads_are_found() -> None:
    quiet, fresh = (plan.receive(b"x", file_name=name, by=None) for name in ("quiet.csv", "fresh.csv"))
    done = planned(["1", "A", "1"])
    for upload in (quiet, done):
        ProductImport.objects.filter(pk=upload.pk).update(created_at=Now() - timedelta(minutes=2), progress_at=None)
    assert plan.abandoned() == [(quiet.pk, ImportState.UPLOADED)]
    assert fresh.state == ImportState.UPLOADED


def test_a_plan_can_be_discarded_until_it_is_confirmed() -> None:
    upload = planned(["1", "A", "1"])
    assert plan.discard(upload.pk)
    assert not ProductImport.objects.exists()
