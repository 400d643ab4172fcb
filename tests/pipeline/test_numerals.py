"""Number formats show zeros that the number alone does not have."""

from __future__ import annotations

import pytest

from pipeline.spreadsheet import numerals


@pytest.mark.parametrize(
    ("number", "number_format", "digits"),
    [
        (42, "000000000000", "000000000042"),
        (727000000012, "000000000000", "727000000012"),
        (1234567, "00000", "1234567"),
        (0, "0000", "0000"),
        (0, "#", "0"),
        (42, "General", "42"),
        (42, "@", "42"),
        (42, "0", "42"),
        (42, "#", "42"),
        (1234567, "#,##0", "1234567"),
        (42, "0000.00", "0042"),
        (42, "00000;-00000", "00042"),
        (42, "[Red]00000;[Blue]-00000", "00042"),
        (42, "00000_);(00000)", "00042"),
        (42, "[$-409]00000", "00042"),
        (42, '"0"0000', "00042"),
        (42, "\\0000", "0042"),
        (42, "[<=99]0000;000000", "0042"),
        (420, "[<=99]0000;000000", "000420"),
        (72_700_000_000, "0.00E+00", "72700000000"),
        (42, "0%", "42"),
        (42_000, "00000,", "42000"),
        (42, "# ?/?", "42"),
    ],
)
def test_it_shows_the_digits_that_the_format_shows(number: int, number_format: str, digits: str) -> None:
    assert numerals.shown(number, number_format) == (digits, digits)


def test_it_tells_digits_from_what_stands_around_them() -> None:
    assert numerals.shown(123456789, "000-00-0000") == ("123456789", "123-45-6789")
    assert numerals.shown(42, '"BS2-"0000') == ("0042", "BS2-0042")
