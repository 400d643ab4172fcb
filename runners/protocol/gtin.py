"""Global Trade Item Numbers: 8, 12, 13 or 14 digits, the last of them a check digit (GS1 General Specifications)."""

import re

from stdnum import ean


def read(text: str) -> str | None:
    """The digits of a GTIN written with or without spaces and hyphens, or None where its check digit says it is none.

    Eleven digits are a UPC whose leading zero a spreadsheet swallowed: it is put back. Zeros alone are no GTIN.
    """
    digits = re.sub(r"[\s\-]", "", text)
    if not re.fullmatch(r"[0-9]{8,14}", digits) or not digits.strip("0"):
        return None
    whole = digits.zfill(12) if len(digits) == 11 else digits
    return whole if ean.is_valid(whole) else None
