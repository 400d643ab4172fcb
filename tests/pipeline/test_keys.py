"""When two values say the same."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.consolidation import keys


@pytest.mark.parametrize(
    "same",
    ["30lb", "30 LBS", "30 LB", "30.0 lb.", "30#", "30 Pounds", "30-lb", "480 oz", "480 ounces", "13.6 kg", "13,608 g",
     "29 lb 16 oz", "Net Wt. 30 lb (13.6 kg)", "30 lb / 13.6 kg"],
)  # fmt: skip
def test_a_weight_is_compared_by_its_quantity(same: str) -> None:
    assert keys.weight(same) == keys.weight("30 lb")


@pytest.mark.parametrize(
    "other", ["15 lb", "30 kg", "30 oz", "30.5 lb", "6 x 5 lb", "30 lb bag of 2", "30 fl oz", "large"]
)
def test_another_weight_is_another_weight(other: str) -> None:
    assert keys.weight(other) != keys.weight("30 lb")


@pytest.mark.parametrize("bare", ["30", "4.25", "1,200", "0 lb"])
def test_a_weight_without_unit_or_of_nought_does_not_count(bare: str) -> None:
    with pytest.raises(keys.UnusableError):
        keys.weight(bare)


@given(st.integers(1, 100_000))
def test_pounds_and_sixteen_times_as_many_ounces_agree(hundredths: int) -> None:
    pounds = Decimal(hundredths) / 100
    assert keys.weight(f"{pounds} lb") == keys.weight(f"{pounds * 16} oz")


@pytest.mark.parametrize(
    "same",
    ["FROMM", "fromm ", "Fromm®", "Fromm, Inc.", "Fromm LLC", "Fromm L.L.C.", "Fromm & Co.", "Fromm and Company"],
)
def test_a_brand_folds_case_punctuation_and_legal_form(same: str) -> None:
    assert keys.brand(same) == keys.brand("Fromm")


def test_a_brand_that_is_all_legal_form_keeps_a_word() -> None:
    assert keys.brand("Co.") == "co"
    assert keys.brand("Hill's Science") != keys.brand("Hill's")


@pytest.mark.parametrize(
    "same", ["Gold Adult Chicken 30lb", "GOLD  ADULT CHICKEN, 30 LBS.", "Gold Adult - Chicken (30 #)"]
)
def test_text_folds_case_punctuation_and_units(same: str) -> None:
    assert keys.text(same) == keys.text("Gold Adult Chicken, 30 lb")


def test_text_keeps_decimals_apart() -> None:
    assert keys.text("4.25 oz") != keys.text("425 oz")
    assert keys.text("!!!") != keys.text("???")


def test_a_upc_and_its_ean_agree() -> None:
    assert keys.gtin("072705115310") == keys.gtin("0072705115310") == keys.gtin("0 72705-11531 0")


@pytest.mark.parametrize("wrong", ["072705115311", "72705115310", "00000000", "07270511531X", "", "٠٧٢٧٠٥١١٥٣١٠"])
def test_a_gtin_needs_its_length_and_check_digit(wrong: str) -> None:
    with pytest.raises(keys.UnusableError):
        keys.gtin(wrong)


@pytest.mark.parametrize("same", ["10x5x3in", '10" x 5" x 3"', "10 in. × 5 in. × 3 in.", "10 IN X 5 IN X 3 INCHES"])
def test_dimensions_fold_their_signs(same: str) -> None:
    assert keys.measure(same) == "10 x 5 x 3 in" != keys.measure("10 x 5 x 3 cm")


def test_a_size_that_is_a_weight_is_compared_as_one() -> None:
    assert keys.measure("1 lb") == keys.measure("16 oz")


def test_units_numbers_and_part_numbers_fold_their_spelling() -> None:
    assert keys.unit("Each") == keys.unit("EA.") == "ea"
    assert keys.number("12 ct") == keys.number("12.0") == keys.number("12") == "12"
    assert keys.code("AB-12/3") == keys.code("ab 123")
