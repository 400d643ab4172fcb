"""Headers in any case, punctuation and order say which column is what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from pipeline.spreadsheet import columns
from pipeline.spreadsheet.cells import Cell, RefusedError, Row, Sheet
from pipeline.spreadsheet.columns import NAME, PRICE, SKU, Header


def sheet(*rows: Sequence[str], name: str = "Feed") -> Sheet:
    numbered = (Row(number, tuple(map(Cell, row))) for number, row in enumerate(rows, start=1))
    return Sheet(name, numbered)


def header(*names: str) -> Header:
    return columns.find(iter([sheet(names)])).header


def read(found: Header) -> dict[str, tuple[str, ...]]:
    return {field: reading.headers for field, reading in found.readings.items()}


@pytest.mark.parametrize(
    "names",
    [
        ("SKU", "NAME", "PRICE"),
        ("price", "name", "sku"),
        (" Sku_No. ", "Register Name", "TARGET-PRICE"),
        ("ITEM #", "register_name", "Our Price"),
        ("Item Number", "Name:", "List_Price"),
        ("item no", "REGISTERNAME", "list price"),
        ("U.P.C.", "DESCRIPTION 1", "our-price"),
        ("UPC #", "DESCRIPTION_1", "our price"),
    ],
)
def test_it_reads_headers_in_any_case_punctuation_and_order(names: tuple[str, ...]) -> None:
    assert set(read(header(*names))) == {SKU, NAME, PRICE}


def test_the_first_in_the_order_wins_and_the_rest_is_named() -> None:
    found = header("UPC", "Item #", "SKU_NO", "SKU", "DESCRIPTION2", "NAME", "Register name", "LIST_PRICE", "PRICE")
    assert read(found) == {SKU: ("SKU",), NAME: ("Register name",), PRICE: ("PRICE",)}
    assert found.readings[SKU].passed_over == ("SKU_NO", "Item #", "UPC")
    assert found.readings[NAME].passed_over == ("NAME", "DESCRIPTION2")
    assert found.readings[PRICE].passed_over == ("LIST_PRICE",)


@pytest.mark.parametrize(
    ("names", "winner"),
    [
        (("PRICE", "Target price"), "Target price"),
        (("Our Price", "PRICE"), "PRICE"),
        (("LIST_PRICE", "Our Price"), "Our Price"),
    ],
)
def test_each_price_gives_way_to_the_one_before_it(names: tuple[str, ...], winner: str) -> None:
    assert read(header("SKU", "NAME", *names))[PRICE] == (winner,)


def test_it_joins_the_two_descriptions_in_their_order() -> None:
    assert read(header("DESCRIPTION2", "SKU", "Description1"))[NAME] == ("Description1", "DESCRIPTION2")


def test_a_second_column_of_one_name_is_passed_over_and_told_apart() -> None:
    found = header("SKU", "NAME", "NAME", "")
    assert found.names == ("SKU", "NAME", "NAME (C)", "D")
    assert found.readings[NAME].passed_over == ("NAME (C)",)


def test_product_name_is_not_the_register_name() -> None:
    assert read(header("SKU", "Product name", "Register name"))[NAME] == ("Register name",)


def test_a_price_column_is_not_required() -> None:
    assert PRICE not in read(header("SKU", "NAME"))


def test_the_header_may_stand_below_other_rows() -> None:
    found = columns.find(iter([sheet(["Price list, SKU by name"], ["SKU list", "2026"], ["SKU", "NAME"], ["1", "a"])]))
    assert found.header.row == 3
    assert [row.number for row in found.rows] == [4]


def test_the_rows_go_on_beyond_those_that_were_searched() -> None:
    rows = [["SKU", "NAME"], *([str(number), "a"] for number in range(120))]
    assert len(list(columns.find(iter([sheet(*rows)])).rows)) == 120


def test_the_first_sheet_with_a_header_is_read() -> None:
    def lazily() -> Iterator[Sheet]:
        yield sheet(["About this file"], name="Cover")
        yield sheet(["SKU", "NAME"], name="Feed")
        pytest.fail("a sheet behind the right one was opened")

    assert columns.find(lazily()).header.sheet == "Feed"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["a", "b"], ["c", "d"]], "No header row was found in the first 50 rows of “Feed”"),
        ([["junk"], ["SKU", "PRICE"]], "Row 2 of “Feed” looks like the header, but has no column called Register name"),
        ([["NAME", "PRICE"]], "has no column called SKU"),
        ([], "“Feed” is empty"),
    ],
)
def test_a_sheet_without_a_header_is_refused_by_what_is_missing(rows: list[list[str]], said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        columns.find(iter([sheet(*rows)]))


def test_a_workbook_without_sheets_is_refused() -> None:
    with pytest.raises(RefusedError, match="no visible sheet"):
        columns.find(iter([]))
