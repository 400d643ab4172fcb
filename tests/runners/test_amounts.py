"""Prices and numbers in text."""

from decimal import Decimal

import pytest

from runners.agent import amounts


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$1,234.50", "1234.50"),
        ("1.234,50 €", "1234.50"),
        ("1 299,00 zł", "1299.00"),
        ("30,000원~", "30000"),
        ("Rs 6,35,000", "635000"),
        ("35€99", "35.99"),
        ("$.75", "0.75"),
        ("23.450", "23450"),
        ("5 lb bag $12.99", "12.99"),
        ("12.99 USD", "12.99"),
        ("109€ 109€", "109"),
        ("0.00", None),
        ("-5.00", None),
        ("$-5", None),
        ("2/$5", None),
        ("3 for $10", None),
        ("call us", None),
        ("9" * 50, None),
        ("", None),
    ],
)
def test_a_price_is_read_as_people_write_it(text: str, amount: str | None) -> None:
    assert amounts.price(text) == (Decimal(amount) if amount else None)


@pytest.mark.parametrize(
    ("text", "currency", "read"),
    [("$5", "CAD", True), ("CAD 5", "USD", False), ("5 €", "USD", False), ("5", "USD", True), ("SKU 5", "USD", True)],
)
def test_a_price_in_another_currency_is_none(text: str, currency: str, read: bool) -> None:
    assert (amounts.price(text, currency=currency) is not None) is read


@pytest.mark.parametrize(
    ("amount", "written"), [("5", "5.00"), ("5.5", "5.50"), ("0.125", "0.125"), ("1E+3", "1000.00"), ("5.500", "5.50")]
)
def test_money_has_two_decimals_or_what_it_needs(amount: str, written: str) -> None:
    assert amounts.money(Decimal(amount)) == written
