"""Quantities with units."""

import pytest

from runners.protocol import units


@pytest.mark.parametrize(
    ("text", "to", "quantity"),
    [
        ("5 LBS.", "", "5 lb"),
        ("2 lb. 4 oz", "", "2.25 lb"),
        ("2 lb 4 oz", "oz", "36 oz"),
        ("12.5in", "", "12.5 in"),
        ('6"', "cm", "15.24 cm"),
        ("500 GRM", "kg", "0.5 kg"),
        ("1,5 kg", "", "1.5 kg"),
        ("1,200 g", "", "1200 g"),
        ("5-lb bag", "", "5 lb"),
        ("40 lb (18.1 kg)", "", "40 lb"),
        ("40 lb, 12 in", "", "40 lb"),
        ("5", "lb", "5 lb"),
        ("5", "", None),
        ("5 lbx", "", None),
        ("5 in", "lb", None),
        ("heavy", "lb", None),
    ],
)
def test_it_reads_the_first_quantity(text: str, to: str, quantity: str | None) -> None:
    assert units.read(text, to=to) == quantity
