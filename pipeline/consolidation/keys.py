"""When do two values say the same? Each function turns a cleaned value into its key; equal keys agree. Pure.

A key is for comparing only and is never shown. A function that cannot use a value raises `UnusableError`.
"""

import re
import unicodedata
from decimal import Decimal

from stdnum import ean

GRAMS = {
    "mg": Decimal("0.001"),
    "g": Decimal(1),
    "kg": Decimal(1000),
    "oz": Decimal("28.349523125"),
    "lb": Decimal("453.59237"),
}
_UNITS = {
    **dict.fromkeys(("mg", "milligram", "milligrams"), "mg"),
    **dict.fromkeys(("g", "gr", "gm", "gms", "gram", "grams"), "g"),
    **dict.fromkeys(("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms"), "kg"),
    **dict.fromkeys(("oz", "ozs", "ounce", "ounces"), "oz"),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds", "#"), "lb"),
}
_NUMBER = r"(?:\d+(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_QUANTITY = re.compile(rf"({_NUMBER})\s*-?\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![a-z])\.?\s*")
_LEGAL = {
    "inc", "incorporated", "llc", "ltd", "limited", "corp", "corporation", "co", "company", "gmbh", "plc", "lp", "llp",
    "sa", "ag", "bv", "and",
}  # fmt: skip
_INITIALS = re.compile(r"\b([^\W\d_])\.(?=[^\W\d_]\b)")
_UNIT_WORDS = {"each": "ea", "bag": "bg", "box": "bx", "case": "cs", "pack": "pk", "piece": "pc", "pair": "pr"}


class UnusableError(ValueError):
    """This value cannot count as evidence; the message says why, as a phrase."""


def text(value: str) -> str:
    """Case, punctuation and spacing do not count, and "30lb", "30 LBS" and "30 lb." are one word."""
    folded = _QUANTITY.sub(lambda found: f" {_plain_number(found[1])}{_UNITS[found[2]]} ", _fold(value))
    return " ".join(re.sub(r"[^\w.]+|\.(?!\d)", " ", re.sub(r"['’`]", "", folded)).split()) or _fold(value)


def brand(value: str) -> str:
    """As text, with "&" read as "and" and legal forms at the end ("Inc.", "L.L.C.", "& Co.") left out."""
    words = text(_INITIALS.sub(r"\1", value.replace("&", " and "))).split()
    while len(words) > 1 and words[-1] in _LEGAL:
        words.pop()
    return " ".join(words)


def code(value: str) -> str:
    """A part number: letters and digits only, in one case."""
    return re.sub(r"[\W_]+", "", _fold(value)) or _fold(value)


def gtin(value: str) -> str:
    """The digits as a GTIN-14, so that a UPC and the same number as EAN agree.

    Raises UnusableError unless it has 8, 12, 13 or 14 digits and its check digit is right (GS1 General Specifications).
    """
    digits = re.sub(r"[\s-]", "", value)
    if not (digits.isascii() and digits.isdigit() and len(digits) in (8, 12, 13, 14)):
        raise UnusableError("not a GTIN of 8, 12, 13 or 14 digits")
    if not ean.is_valid(digits) or not digits.strip("0"):
        raise UnusableError("its check digit is wrong")
    return digits.zfill(14)


def weight(value: str) -> str:
    """The quantity in grams, to three significant digits: "30 lb", "480 oz" and the label's "13.6 kg" agree.

    A value in no known unit ("large") is compared as text. Raises UnusableError for nought, and for a bare number,
    which says nothing without a unit.
    """
    grams = _grams(value)
    if grams is not None and not grams:
        raise UnusableError("it is nought")
    if grams is not None:
        return f"{_rounded(grams)} g"
    if re.fullmatch(_NUMBER, _fold(value).strip()):
        raise UnusableError("it has no unit")
    return text(value)


def measure(value: str) -> str:
    """A size or dimensions: a weight if it is one, else text in which "10x5 in" and "10″ × 5″" agree."""
    grams = _grams(value)
    if grams is not None:
        return f"{_rounded(grams)} g"
    numbers, inches = re.subn(r"(?<=\d)\s*(?:[”“\"]|''|in(?:ch(?:es)?)?\b\.?)", " ", _fold(value))
    spaced = re.sub(r"(?<=\d)\s*[x×*]\s*(?=[\d.])", " x ", numbers)
    return text(spaced) + (" in" if inches else "")


def unit(value: str) -> str:
    """A selling unit: "Each", "EA" and "ea." agree."""
    folded = code(value)
    return _UNIT_WORDS.get(folded, folded)


def number(value: str) -> str:
    """The first number in it: "12", "12.0" and "12 ct" agree; without one, the text."""
    found = re.search(_NUMBER, _fold(value))
    return _plain_number(found[0]) if found else text(value)


def exact(value: str) -> str:
    """Nothing is folded but case and spaces: for prose, where another wording is another text."""
    return " ".join(_fold(value).split())


def _fold(value: str) -> str:
    return unicodedata.normalize("NFKC", re.sub("[™®©]", " ", value)).casefold()


def _plain_number(digits: str) -> str:
    return f"{Decimal(digits.replace(',', '')).normalize():f}"


def _grams(value: str) -> Decimal | None:
    """The weight of the whole text: "1 lb 8 oz" adds up, what is in brackets or after a slash repeats it."""
    main = re.split(r"[(/|]", _fold(value), maxsplit=1)[0]
    main = re.sub(r"^\W*(?:(?:net|gross|approx|about|shipping|wt|weight)\b[\s.:]*)*", "", main).strip(" ,;")
    total, end = Decimal(0), 0
    while found := _QUANTITY.match(main, end):
        total += Decimal(_plain_number(found[1])) * GRAMS[_UNITS[found[2]]]
        end = found.end()
    return total if end and end == len(main) else None


def _rounded(grams: Decimal) -> str:
    """Three significant digits: labels in pounds and kilograms differ by less, two different bags by more."""
    return f"{Decimal(f'{grams:.2e}').normalize():f}"
