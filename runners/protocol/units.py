"""Quantities with units, as product pages write them: `5 LBS.`, `2 lb 4 oz`, `12.5in`, `500 GRM`."""

import re
from decimal import Decimal
from typing import Final

# How much of the first unit of its kind each unit is; the first name is how we write it, the others how pages do.
# The upper-case ones are codes of UN/CEFACT recommendation 20, which schema.org asks for.
_KINDS: Final = (
    (
        ("1", "g", "gram", "grams", "gr", "GRM"),
        ("1000", "kg", "kgs", "kilo", "kilos", "kilogram", "kilograms", "KGM"),
        ("0.001", "mg", "milligram", "milligrams", "MGM"),
        ("453.59237", "lb", "lbs", "pound", "pounds", "LBR"),
        ("28.349523125", "oz", "ounce", "ounces", "ONZ"),
    ),
    (
        ("1", "mm", "millimeter", "millimeters", "millimetre", "millimetres", "MMT"),
        ("10", "cm", "centimeter", "centimeters", "centimetre", "centimetres", "CMT"),
        ("1000", "m", "meter", "meters", "metre", "metres", "MTR"),
        ("25.4", "in", "inch", "inches", '"', "″", "INH"),
        ("304.8", "ft", "foot", "feet", "'", "′", "FOT"),
        ("914.4", "yd", "yard", "yards", "YRD"),
    ),
    (
        ("1", "ml", "milliliter", "milliliters", "millilitre", "millilitres", "MLT"),
        ("1000", "l", "liter", "liters", "litre", "litres", "LTR"),
        ("29.5735295625", "fl oz", "fl. oz", "fluid ounce", "fluid ounces", "floz", "OZA"),
        ("473.176473", "pt", "pint", "pints", "PTL"),
        ("946.352946", "qt", "quart", "quarts", "QTL"),
        ("3785.411784", "gal", "gallon", "gallons", "GLL"),
    ),
)

_FACTORS: Final = {units[1]: (kind, Decimal(units[0])) for kind, all_of in enumerate(_KINDS) for units in all_of}
_SPELLINGS: Final = {word.lower(): units[1] for all_of in _KINDS for units in all_of for word in units[1:]}
UNITS: Final = frozenset(_FACTORS)

_NUMBER: Final = r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)"
_NAMES: Final = "|".join(re.escape(word) for word in sorted(_SPELLINGS, key=len, reverse=True))
_QUANTITY: Final = re.compile(rf"(?<![\d.,]){_NUMBER}[\s-]{{0,3}}(?P<unit>{_NAMES})(?![^\W_])", re.IGNORECASE)
_BARE: Final = re.compile(rf"\s*{_NUMBER}\s*")
_JOINED: Final = re.compile(r"\.?\s*(?:,|and|&)?\s*", re.IGNORECASE)


def read(text: str, *, to: str = "") -> str | None:
    """The first quantity of a text in our spelling, converted to the unit `to` (one of UNITS) where that is given.

    Parts of one quantity (`2 lb 4 oz`) are added up in its first unit. A number alone counts as being in `to`. None
    where there is no quantity, or one of another kind than `to`.
    """
    if to and (bare := _BARE.fullmatch(text)):
        return f"{_written(_value(bare))} {to}"
    parts = _first(text[:200])
    if not parts:
        return None
    kind, factor = _FACTORS[to or parts[0][1]]
    if _FACTORS[parts[0][1]][0] != kind:
        return None
    amount = sum((value * _FACTORS[unit][1] for value, unit in parts), Decimal(0))
    return f"{_written(amount / factor)} {to or parts[0][1]}"


def _first(text: str) -> list[tuple[Decimal, str]]:
    """The parts of the first quantity: what follows directly, of the same kind and in a smaller unit, belongs to it."""
    parts: list[tuple[Decimal, str]] = []
    end = 0
    for found in _QUANTITY.finditer(text):
        unit = _SPELLINGS[found["unit"].lower()]
        if parts:
            before = _FACTORS[parts[-1][1]]
            smaller = _FACTORS[unit][0] == before[0] and _FACTORS[unit][1] < before[1]
            if not smaller or not _JOINED.fullmatch(text, end, found.start()):
                break
        parts.append((_value(found), unit))
        end = found.end()
    return parts


def _value(found: re.Match[str]) -> Decimal:
    number = found["number"]
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        return Decimal(number.replace(",", ""))
    return Decimal(number.replace(",", "."))


def _written(amount: Decimal) -> str:
    return f"{round(amount, 4).normalize():f}"
