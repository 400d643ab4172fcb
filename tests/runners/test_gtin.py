"""Global Trade Item Numbers."""

import pytest

from runners.protocol import gtin


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("072705115310", "072705115310"),
        ("72705115310", "072705115310"),
        ("0 72705-11531 0", "072705115310"),
        ("4006381333931", "4006381333931"),
        ("96385074", "96385074"),
        ("00012345600012", "00012345600012"),
        ("072705115311", None),
        ("0000000000000", None),
        ("07270511531", None),
        ("UPC 072705115310", None),
        ("٠٧٢٧٠٥١١٥٣١٠", None),
        ("", None),
    ],
)
def test_only_a_good_check_digit_makes_a_gtin(text: str, read: str | None) -> None:
    assert gtin.read(text) == read
