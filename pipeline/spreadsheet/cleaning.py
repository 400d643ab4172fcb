"""One cell to a SKU, a name or a price. What cannot be read for certain is an error, never a guess."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from pipeline.spreadsheet import numerals
from pipeline.spreadsheet.cells import Cell

EXACT_DIGITS = 15  # a spreadsheet program has already replaced any further digits by zeros
LONGEST_SKU = 100
HIGHEST_PRICE = Decimal("9999999999.99")
CENT = Decimal("0.01")

_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d*[eE][+-]?|[eE]\+)\d{1,3}")
_BREAKS = re.compile(r"[\t\n\r\v\f\x85\u2028\u2029]+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_AMOUNT = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+", re.ASCII)
_DOLLARS = re.compile(r"^(?:US\s?\$|USD|\$)\s*|\s*(?:USD|\$)$", re.IGNORECASE)
_FAILED = {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"}


class UnreadableError(Exception):
    """The cell says nothing certain; the text is a sentence for the person who uploaded it."""


class Text(NamedTuple):
    """A SKU or a name, and what is odd about it."""

    value: str
    warnings: tuple[str, ...] = ()


class Amount(NamedTuple):
    """A price in the shop's currency, None where the cell is blank, and what is odd about it."""

    value: Decimal | None
    warnings: tuple[str, ...] = ()


def sku(cell: Cell) -> Text:
    """The SKU that a cell holds: digits with the zeros it shows, or its text. Raises `UnreadableError`."""
    value = cell.value
    if isinstance(value, str):
        return _odd_sku(_text_sku(_certain(cell)))
    if isinstance(value, bool):
        raise UnreadableError(f"The cell holds the truth value {printed(cell)}, not a SKU. Format the column as text.")
    if isinstance(value, int | float):
        return _number_sku(value, cell.number_format)
    if value is None:
        raise UnreadableError("The SKU is blank.")
    raise UnreadableError("The cell holds a date or a time, not a SKU. Format the column as text and type it again.")


def name(cell: Cell) -> str:
    """The text of a cell, on one line; empty if it is blank. Raises `UnreadableError` for a date or an error value."""
    if isinstance(cell.value, datetime | date | time | timedelta):
        raise UnreadableError("The cell holds a date or a time, not a name. Format the column as text.")
    text = _certain(cell) if isinstance(cell.value, str) else printed(cell)
    return tidy(_BREAKS.sub(" ", text))


def price(cell: Cell) -> Amount:
    """The price that a cell holds, in cents exactly; None if it is blank. Raises `UnreadableError`."""
    value = cell.value
    if value is None:
        return Amount(None)
    if cell.broken:
        raise UnreadableError(f"The cell holds {value} instead of a price.")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnreadableError(f"“{printed(cell)}” is not a price.")
    if isinstance(value, str):
        text = tidy(unicodedata.normalize("NFKC", value))
        return _in_cents(_amount(text), text) if text else Amount(None)
    return _in_cents(Decimal(repr(value)), printed(cell))


def tidy(text: str) -> str:
    """Text without invisible characters and without spaces at its edges; spaces of any width become plain ones."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(filter(None, map(_visible, text)))
    return text.strip(" ")


def printed(cell: Cell) -> str:
    """A cell as text, close to what a spreadsheet program shows; for keeping and for sentences."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return _UNSTORABLE.sub("�", value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**EXACT_DIGITS:
        value = int(value)
    if isinstance(value, int) and value >= 0:
        return numerals.shown(value, cell.number_format).text
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    return "" if category in ("Cc", "Cf", "Cs", "Zl", "Zp") else character


def _certain(cell: Cell) -> str:
    text = str(cell.value)
    if cell.broken or text.strip() in _FAILED:
        raise UnreadableError(f"The cell holds {text.strip()} instead of a value.")
    return text


def _text_sku(text: str) -> str:
    cleaned = tidy(text.strip())
    if not cleaned:
        raise UnreadableError("The SKU is blank.")
    if _BREAKS.search(text.strip()):
        raise UnreadableError("The SKU has a line break or a tab in it.")
    if _SCIENTIFIC.fullmatch(cleaned):
        raise UnreadableError(
            f"“{cleaned}” is how a spreadsheet program shortens a long number; the digits of the SKU are lost. "
            "Format the column as text and type it again."
        )
    if len(cleaned) > LONGEST_SKU:
        raise UnreadableError(f"The SKU is longer than {LONGEST_SKU} characters.")
    return cleaned


def _number_sku(value: float, number_format: str) -> Text:
    if not math.isfinite(value) or value != int(value):
        raise UnreadableError(f"The cell holds the fraction {value}, not a SKU. Format the column as text.")
    number = int(value)
    if number < 0:
        raise UnreadableError(f"The cell holds the negative number {number}, not a SKU.")
    if len(str(number)) > EXACT_DIGITS:
        raise UnreadableError(
            f"The cell holds a number of more than {EXACT_DIGITS} digits, of which a spreadsheet program keeps only "
            f"the first {EXACT_DIGITS}. Format the column as text and type the SKU again."
        )
    digits, text = numerals.shown(number, number_format)
    read = _odd_sku(digits)
    if text != digits:
        return Text(digits, (*read.warnings, f"The cell shows “{text}”; only its digits {digits} were taken."))
    return read


def _odd_sku(value: str) -> Text:
    if not value.isascii():
        return Text(value)
    if len(value) == 11 and value.isdecimal():
        return Text(value, ("The SKU has 11 digits. Was a leading zero lost?",))
    if value.removesuffix(".0").isdecimal() and value.endswith(".0"):
        return Text(value, ("The SKU ends in “.0”. Did a program add that?",))
    return Text(value)


def _amount(text: str) -> Decimal:
    if text.startswith(("-", "(", "−", "$-")) or text.endswith("-"):
        unsigned = text.strip("-−()$ ")
        if _AMOUNT.fullmatch(unsigned):
            raise UnreadableError(f"“{text}” is a negative price.")
    plain = _DOLLARS.sub("", text, count=1)
    if not _AMOUNT.fullmatch(plain):
        raise UnreadableError(f"“{text}” is not one price. Write a number such as 1234.50, or leave the cell blank.")
    return Decimal(plain.replace(",", ""))


def _in_cents(amount: Decimal, text: str) -> Amount:
    if not amount.is_finite() or amount > HIGHEST_PRICE:
        raise UnreadableError(f"“{text}” is too large for a price.")
    if amount < 0:
        raise UnreadableError(f"“{text}” is a negative price.")
    cents = amount.quantize(CENT, ROUND_HALF_UP)
    if abs(cents - amount) >= Decimal("0.001"):
        return Amount(cents, (f"“{text}” was rounded to {cents}.",))
    return Amount(cents, ("The price is 0.",) if cents == 0 else ())
