"""What a product still needs before it can be sold."""

from decimal import Decimal
from typing import Any

import pytest

from pipeline.consolidation import complete
from pipeline.consolidation.complete import Need

WHOLE: dict[str, dict[str, Any]] = {
    "name": {"value": "Gold Chicken", "source": "acme"},
    "brand": {"value": "Fromm", "source": "acme"},
    "images": {"value": ["https://a.test/1.jpg"], "source": "acme"},
}
PRICE = Decimal("64.99")


def test_a_whole_record_needs_nothing() -> None:
    assert complete.missing(WHOLE, PRICE) == []


def test_an_empty_one_needs_name_brand_price_and_image() -> None:
    assert complete.missing({}, None) == [Need.NAME, Need.BRAND, Need.PRICE, Need.IMAGE]


@pytest.mark.parametrize("field", ["name", "brand", "images"])
def test_a_cleared_field_is_missing(field: str) -> None:
    cleared = WHOLE | {field: {"value": None, "source": "staff", "locked_by": "maria"}}
    assert complete.missing(cleared, PRICE) == [Need(field)]


def test_a_name_from_the_till_does_not_do() -> None:
    assert complete.missing(WHOLE | {"name": {"value": "TILL", "source": "spreadsheet"}}, PRICE) == [Need.NAME]


@pytest.mark.parametrize("price", [None, Decimal(0)])
def test_a_price_is_above_nought(price: Decimal | None) -> None:
    assert complete.missing(WHOLE, price) == [Need.PRICE]


@pytest.mark.parametrize("field", ["gtin", "weight"])
def test_a_conflict_on_gtin_or_weight_is_for_staff_to_settle(field: str) -> None:
    entry = {"value": "30 lb", "source": "acme", "conflict": True}
    assert complete.missing(WHOLE | {field: entry}, PRICE) == [Need(field)]
    assert complete.missing(WHOLE | {field: entry | {"locked_by": "maria"}}, PRICE) == []


def test_a_conflict_elsewhere_is_told_but_does_not_hold_it_up() -> None:
    record = WHOLE | {"brand": {"value": "Fromm", "source": "acme", "conflict": True}}
    assert complete.missing(record, PRICE) == []
    assert complete.conflicts(record) == ["brand"]
