"""What the sources say about each field: cleaned, with a key to compare by, or the flaw that disqualifies it. Pure.

In goes `Product.sources`, `{scraper: {field: value, …}}`; out come candidates in the order of the scrapers' slugs. A
value that is empty once cleaned is no candidate; one that is there but cannot count (a GTIN with a wrong check digit)
is a candidate with a flaw, so that a person can see it and take it all the same.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pipeline.consolidation import keys, plain
from runners.protocol.fields import CARDINALITY, Cardinality, Field, adapt

Sources = Mapping[str, Mapping[str, Any]]

#: Fields of a site, not of the product: shown to staff, never part of the record. SKU and price come from the sheet.
INFORMATION = frozenset({Field.SKU, Field.ITEM_NUMBER, Field.PRICE, Field.CURRENCY, Field.AVAILABILITY})
RECORD = tuple(field for field in Field if field not in INFORMATION)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one value of a field is cleaned and compared; where it is contested, two different values are a conflict."""

    clean: Callable[[str], str] = plain.line
    key: Callable[[str], str] = keys.text
    contested: bool = True


KINDS: Mapping[Field, Kind] = {
    Field.BRAND: Kind(key=keys.brand),
    Field.GTIN: Kind(key=keys.gtin),
    Field.MPN: Kind(key=keys.code),
    Field.WEIGHT: Kind(key=keys.weight),
    Field.DIMENSIONS: Kind(key=keys.measure),
    Field.SIZE: Kind(key=keys.measure),
    Field.UNIT_OF_MEASURE: Kind(key=keys.unit),
    Field.CASE_PACK: Kind(key=keys.number),
    Field.MIN_ORDER_QUANTITY: Kind(key=keys.number),
    # every site words these in its own way, which is no disagreement
    Field.DESCRIPTION: Kind(plain.prose, keys.exact, contested=False),
    Field.DESCRIPTION_HTML: Kind(plain.markup, keys.exact, contested=False),
    Field.INGREDIENTS: Kind(plain.prose, keys.exact, contested=False),
    Field.IMAGES: Kind(plain.address, str, contested=False),
    Field.CATEGORIES: Kind(contested=False),
    Field.FEATURES: Kind(contested=False),
    Field.ATTRIBUTES: Kind(contested=False),
}
_TEXT = Kind()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One source's value of one field: a string, a list of strings, or for attributes an object of strings."""

    source: str
    value: Any
    key: str
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """What a site asks, for information."""

    source: str
    amount: Decimal
    currency: str


def candidates(field: Field, sources: Sources) -> list[Candidate]:
    """The candidates for one field of the record, by slug."""
    found = (_candidate(field, slug, sources[slug].get(field.value)) for slug in sorted(sources))
    return [candidate for candidate in found if candidate is not None]


def any_for(sources: Sources) -> bool:
    """Whether any source says anything that could stand in a record."""
    return any(candidates(field, sources) for field in RECORD)


def kind(field: Field) -> Kind:
    return KINDS.get(field, _TEXT)


def clean(field: Field, value: object) -> Any:
    """`value`, scraped or typed, as the record holds it; None when nothing is left of it."""
    adapted = adapt(field, value)
    if field is Field.ATTRIBUTES:
        return _attributes(adapted) or None
    if CARDINALITY[field] is Cardinality.MANY:
        parts = (_one(field, part) for part in adapted) if isinstance(adapted, list) else ()
        return _distinct(field, [part for part in parts if part]) or None
    return _one(field, adapted) or None


def key(field: Field, value: Any) -> str:
    """The key of a cleaned value. Raises UnusableError where the value cannot count."""
    if isinstance(value, str):
        return kind(field).key(value)
    if isinstance(value, dict):
        folded: object = sorted((keys.text(name), keys.text(said)) for name, said in value.items())
    else:
        folded = [kind(field).key(part) for part in value]
    return json.dumps(folded)


def prices(sources: Sources) -> list[Price]:
    """The sites' prices that can be read as an amount above nought, by slug."""
    read = ((slug, _amount(said.get("price")), said.get("currency")) for slug, said in sorted(sources.items()))
    return [
        Price(slug, amount, _one(Field.CURRENCY, currency)[:3].upper()) for slug, amount, currency in read if amount
    ]


def _candidate(field: Field, slug: str, raw: object) -> Candidate | None:
    value = clean(field, raw)
    if value is None:
        return None
    try:
        return Candidate(slug, value, key(field, value))
    except keys.UnusableError as flaw:
        return Candidate(slug, value, "", str(flaw))


def _one(field: Field, value: object) -> str:
    return kind(field).clean(_scalar(value))


def _scalar(value: object) -> str:
    """Text of a string or number; nothing of what has parts or is only yes or no."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{Decimal(str(value)).normalize():f}" if abs(value) < 1e18 else ""  # nor of NaN
    return ""


def _attributes(value: object) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    cleaned = ((plain.line(str(name)), plain.line(_scalar(said))) for name, said in pairs)
    return {name: said for name, said in sorted(cleaned) if name and said}


def _distinct(field: Field, parts: list[str]) -> list[str]:
    """In order, the first of those with one key."""
    return list({kind(field).key(part): part for part in reversed(parts)}.values())[::-1]


def _amount(value: object) -> Decimal | None:
    try:
        amount = Decimal(_scalar(value).strip().lstrip("$").replace(",", ""))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None
