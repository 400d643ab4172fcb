"""Products to rows of cells. Pure; what a cell looks like in a file is decided in `files`.

The first three columns carry the names under which `pipeline.spreadsheet` looks for SKU, register name and price, so an
export can be imported again; the titles of the others are not among those it looks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from runners.protocol.fields import Field

SEPARATOR: Final = "|"
"""Stands between the values of one cell."""

_RECORD: Final = {
    Field.NAME: "Product name",
    Field.BRAND: "Brand",
    Field.DESCRIPTION: "Description",
    Field.DESCRIPTION_HTML: "Description HTML",
    Field.GTIN: "GTIN",
    Field.MPN: "Manufacturer part number",
    Field.CATEGORIES: "Categories",
    Field.WEIGHT: "Weight",
    Field.DIMENSIONS: "Dimensions",
    Field.SIZE: "Size",
    Field.UNIT_OF_MEASURE: "Unit of measure",
    Field.CASE_PACK: "Case pack",
    Field.MIN_ORDER_QUANTITY: "Minimum order quantity",
    Field.INGREDIENTS: "Ingredients",
    Field.FEATURES: "Features",
    Field.ATTRIBUTES: "Attributes",
    Field.IMAGES: "Images",
}
TITLES: Final = ("SKU", "Register name", "Target price", *_RECORD.values())

Row = list[str | Decimal | None]


@dataclass(frozen=True, slots=True)
class Listing:
    """A product as it leaves; `record` is `{field: {"value": …}}`, amounts are in the shop's currency."""

    sku: str
    register_name: str
    target_price: Decimal | None
    record: Mapping[str, Mapping[str, Any]]


def row(listing: Listing) -> Row:
    """The cells under `TITLES`: text, a price, or None where nothing is known."""
    said = (_cell(field, (listing.record.get(field) or {}).get("value")) for field in _RECORD)
    return [listing.sku, listing.register_name, listing.target_price, *said]


def _cell(field: Field, value: object) -> str | None:
    if isinstance(value, Mapping):
        return SEPARATOR.join(f"{name}: {said}" for name, said in value.items()) or None
    if isinstance(value, list):
        parts = map(str, value)
        # in an address the separator can be written otherwise
        return SEPARATOR.join(part.replace("|", "%7C") if field is Field.IMAGES else part for part in parts) or None
    return None if value is None or value == "" else str(value)
