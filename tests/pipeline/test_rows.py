"""A row becomes what it asks for, with every problem named by its cell."""

from __future__ import annotations

from decimal import Decimal

from pipeline.spreadsheet import columns, rows
from pipeline.spreadsheet.cells import Cell, Row, Value
from pipeline.spreadsheet.rows import Level, Wish

HEADER = ("PRICE", "SKU", "DESCRIPTION1", "DESCRIPTION2", "QTY")


def read(*values: Value, header: tuple[str, ...] = HEADER) -> Wish:
    understood = columns.understand(Row(1, tuple(map(Cell, header))), "Feed")
    assert understood is not None
    return rows.read(Row(12, tuple(map(Cell, values))), understood)


def complaints(wish: Wish) -> list[tuple[str, Level]]:
    return [(problem.cell, problem.level) for problem in wish.problems]


def test_it_reads_sku_name_and_price_and_keeps_the_row_verbatim() -> None:
    wish = read("$1,234.50", " 0042 ", "ACME ", "FEED", -3)
    assert (wish.sku, wish.register_name, wish.target_price) == ("0042", "ACME FEED", Decimal("1234.50"))
    assert wish.cells == {
        "PRICE": "$1,234.50", "SKU": " 0042 ", "DESCRIPTION1": "ACME ", "DESCRIPTION2": "FEED", "QTY": "-3"
    }  # fmt: skip
    assert not wish.problems


def test_it_names_each_wrong_cell() -> None:
    wish = read("call us", "7.27E+10", None, " ")
    assert complaints(wish) == [("B12", Level.ERROR), ("C12", Level.ERROR), ("A12", Level.ERROR)]
    assert wish.is_wrong


def test_a_warning_does_not_make_a_row_wrong() -> None:
    wish = read(0, "72700000001", "ACME")
    assert complaints(wish) == [("B12", Level.WARNING), ("A12", Level.WARNING)]
    assert not wish.is_wrong


def test_a_row_may_be_shorter_or_longer_than_its_header() -> None:
    assert read(None, "0042", "ACME").target_price is None
    assert read(1, "0042", "ACME", None, None, "far out").cells["F"] == "far out"


def test_without_a_price_column_there_is_no_price() -> None:
    assert read("0042", "ACME", header=("SKU", "NAME")).target_price is None
