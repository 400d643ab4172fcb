"""The fields a product can have: their names, how many values each holds, and the one place that adapts a value."""

import re
from enum import StrEnum
from typing import Final


class Field(StrEnum):
    NAME = "name"
    BRAND = "brand"
    DESCRIPTION = "description"
    DESCRIPTION_HTML = "description_html"
    SKU = "sku"
    GTIN = "gtin"
    MPN = "mpn"
    ITEM_NUMBER = "item_number"
    PRICE = "price"
    CURRENCY = "currency"
    AVAILABILITY = "availability"
    IMAGES = "images"
    CATEGORIES = "categories"
    WEIGHT = "weight"
    DIMENSIONS = "dimensions"
    SIZE = "size"
    UNIT_OF_MEASURE = "unit_of_measure"
    CASE_PACK = "case_pack"
    MIN_ORDER_QUANTITY = "min_order_quantity"
    INGREDIENTS = "ingredients"
    FEATURES = "features"
    ATTRIBUTES = "attributes"


class Cardinality(StrEnum):
    ONE = "one"
    MANY = "many"


class PriceKind(StrEnum):
    """What a scraped price means to the retailer."""

    COST = "cost"
    MAP = "map"
    MSRP = "msrp"
    LIST = "list"


_MANY: Final = frozenset({Field.IMAGES, Field.CATEGORIES, Field.FEATURES, Field.ATTRIBUTES})

CARDINALITY: Final = {field: Cardinality.MANY if field in _MANY else Cardinality.ONE for field in Field}

_OTHER_NAMES: Final = {
    "title": Field.NAME,
    "product_name": Field.NAME,
    "manufacturer": Field.BRAND,
    "brand_name": Field.BRAND,
    "upc": Field.GTIN,
    "ean": Field.GTIN,
    "barcode": Field.GTIN,
    "gtin8": Field.GTIN,
    "gtin12": Field.GTIN,
    "gtin13": Field.GTIN,
    "gtin14": Field.GTIN,
    "manufacturer_part_number": Field.MPN,
    "item_no": Field.ITEM_NUMBER,
    "stock": Field.AVAILABILITY,
    "stock_status": Field.AVAILABILITY,
    "image": Field.IMAGES,
    "image_url": Field.IMAGES,
    "image_urls": Field.IMAGES,
    "category": Field.CATEGORIES,
    "uom": Field.UNIT_OF_MEASURE,
    "unit": Field.UNIT_OF_MEASURE,
    "moq": Field.MIN_ORDER_QUANTITY,
    "feature": Field.FEATURES,
    "bullets": Field.FEATURES,
    "bullet_points": Field.FEATURES,
    "specs": Field.ATTRIBUTES,
    "specifications": Field.ATTRIBUTES,
}

_NAMES: Final = {field.value: field for field in Field} | _OTHER_NAMES


def fold(name: str) -> Field | None:
    """Our field for a name as clients in the field write it (`title`, `imageUrls`, `UOM`), or None if it is none."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    word = re.sub(r"[\s\-_.]+", "_", spaced).lower()
    return _NAMES.get(word)


def adapt(field: Field | str, value: object) -> object:
    """`value` in the cardinality of `field`: the first of a list where one is wanted, a list where many are.

    Attributes are an object of names and values and stay one; an empty list where one value is wanted is None.
    """
    if CARDINALITY[Field(field)] is Cardinality.ONE:
        return (value[0] if value else None) if isinstance(value, list) else value
    if value is None:
        return {} if field == Field.ATTRIBUTES else []
    if field == Field.ATTRIBUTES:
        return _named(value)
    return value if isinstance(value, list) else [value]


def rest(field: Field | str, value: object) -> list[object]:
    """What `adapt` leaves out: the other values of a list where only one is wanted."""
    if CARDINALITY[Field(field)] is Cardinality.ONE and isinstance(value, list):
        return value[1:]
    return []


def _named(value: object) -> dict[str, object]:
    """Attributes come as an object, or as a list of `{name, value}` pairs."""
    if isinstance(value, dict):
        return value
    pairs = value if isinstance(value, list) else [value]
    return {
        str(pair["name"]): pair.get("value")
        for pair in pairs
        if isinstance(pair, dict) and pair.get("name") is not None
    }
