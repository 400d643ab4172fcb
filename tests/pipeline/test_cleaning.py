"""A cell is a SKU, a name or a price, or an error that says why not."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from pipeline.spreadsheet import cleaning
from pipeline.spreadsheet.cells import EMPTY, Cell


@pytest.mark.parametrize(
    ("cell", "sku"),
    [
        (Cell("007270000012"), "007270000012"),
        (Cell(7270000012, "000000000000"), "007270000012"),
        (Cell(72700000000.0, "0.00E+00"), "72700000000"),
        (Cell(72700000000), "72700000000"),
        (Cell(123456789012345), "123456789012345"),
        (Cell("1234567890123456"), "1234567890123456"),
        (Cell("5E12"), "5E12"),
        (Cell("MAR-10"), "MAR-10"),
        (Cell("3/10"), "3/10"),
        (Cell("7E-3"), "7E-3"),
        (Cell("  AB 12  x "), "AB 12  x"),
        (Cell("AB 12 "), "AB 12"),
        (Cell("﻿00\u200b42‎\xad"), "0042"),
        (Cell("\t0042\r\n"), "0042"),
        (Cell("00\x0042"), "0042"),
        (Cell("ÄÖ-7"), "ÄÖ-7"),
    ],
)
def test_a_sku_is_text(cell: Cell, sku: str) -> None:
    assert cleaning.sku(cell).value == sku


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (EMPTY, "blank"),
        (Cell(" \u200b "), "blank"),
        (Cell("7.27E+10"), "shortens a long number"),
        (Cell("7,27E+10"), "shortens a long number"),
        (Cell("7.27e10"), "shortens a long number"),
        (Cell("1E+05"), "shortens a long number"),
        (Cell("7.E+10"), "shortens a long number"),
        (Cell("7.27E-10"), "shortens a long number"),
        (Cell(1234567890123456), "more than 15 digits"),
        (Cell(1.2345678901234567e18), "more than 15 digits"),
        (Cell(12.5), "fraction"),
        (Cell(float("inf")), "fraction"),
        (Cell(float("nan")), "fraction"),
        (Cell(-7), "negative"),
        (Cell(datetime(2026, 3, 10)), "date"),  # noqa: DTZ001
        (Cell(date(2026, 3, 10)), "date"),
        (Cell(time(3, 10)), "date or a time"),
        (Cell(True), "truth value TRUE"),
        (Cell("#REF!", broken=True), "#REF!"),
        (Cell("#N/A"), "holds #N/A instead"),
        (Cell("AB\n12"), "line break"),
        (Cell("x" * 101), "longer than 100"),
    ],
)
def test_a_sku_is_never_guessed(cell: Cell, said: str) -> None:
    with pytest.raises(cleaning.UnreadableError, match=said):
        cleaning.sku(cell)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (Cell("72700000001"), "11 digits"),
        (Cell(72700000001), "11 digits"),
        (Cell("4711.0"), "ends in “.0”"),
        (Cell(4711, '"No "00000'), "only its digits 04711"),
    ],
)
def test_an_odd_sku_is_kept_with_a_warning(cell: Cell, said: str) -> None:
    (warning,) = cleaning.sku(cell).warnings
    assert said in warning


def test_a_usual_sku_has_no_warning() -> None:
    assert [cleaning.sku(Cell(value)).warnings for value in ("727000000012", "AB-12", 4711)] == [(), (), ()]


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (Cell("  ACME  FEED 50LB\xa0"), "ACME  FEED 50LB"),
        (Cell("TWO\r\nLINES"), "TWO LINES"),
        (Cell(2000), "2000"),
        (Cell(7.5), "7.5"),
        (Cell(True), "TRUE"),
        (Cell("'TIS GOOD"), "'TIS GOOD"),
        (EMPTY, ""),
    ],
)
def test_a_name_is_one_line_of_text(cell: Cell, name: str) -> None:
    assert cleaning.name(cell) == name


@pytest.mark.parametrize("cell", [Cell(date(2026, 3, 10)), Cell("#NAME?", broken=True)])
def test_a_name_is_never_a_date_or_an_error(cell: Cell) -> None:
    with pytest.raises(cleaning.UnreadableError):
        cleaning.name(cell)


@pytest.mark.parametrize(
    ("value", "price"),
    [
        (72.98999999999999, "72.99"),
        (12, "12.00"),
        ("$1,234.50", "1234.50"),
        (" 1,234,567 ", "1234567.00"),
        ("$ 5", "5.00"),
        ("US$5.10", "5.10"),
        ("5 USD", "5.00"),
        (".99", "0.99"),
        ("5.", "5.00"),
        ("１２．５０", "12.50"),
        ("72.98999999", "72.99"),
    ],
)
def test_a_price_is_read_to_the_cent(value: float | str, price: str) -> None:
    assert cleaning.price(Cell(value)) == (Decimal(price), ())


def test_a_blank_price_is_unknown() -> None:
    assert [cleaning.price(cell).value for cell in (EMPTY, Cell(""), Cell(" \u200b "))] == [None, None, None]


@pytest.mark.parametrize("value", [0, 0.0, "0.00", "$0", 0.0004])
def test_a_price_of_nothing_is_kept_with_a_warning(value: float | str) -> None:
    assert cleaning.price(Cell(value)) == (Decimal("0.00"), ("The price is 0.",))


def test_a_price_that_is_an_error_value_says_which() -> None:
    with pytest.raises(cleaning.UnreadableError, match="holds #REF! instead of a price"):
        cleaning.price(Cell("#REF!", broken=True))


def test_a_price_with_more_than_cents_is_rounded_with_a_warning() -> None:
    assert cleaning.price(Cell(12.345)) == (Decimal("12.35"), ("“12.345” was rounded to 12.35.",))


@pytest.mark.parametrize(
    "value",
    ["2/$5", "call us", "5-7", "5.00 - 7.00", "12,50", "1.234,50", "1,23", "€5", "5/ea", "1e3", "n/a", "-", "$",
     "12.50.1", "1 234", True, datetime(2026, 3, 10), "#N/A"],  # noqa: DTZ001
)  # fmt: skip
def test_a_price_is_never_guessed(value: str | bool | datetime) -> None:
    with pytest.raises(cleaning.UnreadableError, match="price"):
        cleaning.price(Cell(value))


@pytest.mark.parametrize("value", [-5, -0.01, "-5", "$-5", "-$5", "(5.00)", "5-", "−5"])
def test_a_negative_price_is_an_error(value: float | str) -> None:
    with pytest.raises(cleaning.UnreadableError, match="negative"):
        cleaning.price(Cell(value))


@pytest.mark.parametrize("value", [1e15, "99999999999", float("inf"), 10**300])
def test_a_price_that_no_column_holds_is_an_error(value: float | str) -> None:
    with pytest.raises(cleaning.UnreadableError, match="too large"):
        cleaning.price(Cell(value))


def test_cells_are_printed_as_they_look() -> None:
    cells = [
        Cell(42, "00000"),
        Cell(5.0),
        Cell(5.25),
        Cell(-3),
        Cell(False),
        Cell(date(2026, 3, 10)),
        Cell("a\0\ud800b"),
    ]
    assert [cleaning.printed(cell) for cell in cells] == [
        "00042", "5", "5.25", "-3", "FALSE", "2026-03-10", "a��b"
    ]  # fmt: skip
