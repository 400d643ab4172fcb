"""What a product still needs before it can be sold. Pure: the record and the price are enough to tell."""

from decimal import Decimal
from enum import StrEnum

from pipeline.consolidation.rules import SPREADSHEET, Record


class Need(StrEnum):
    """The value is the field the need is about."""

    NAME = "name"
    BRAND = "brand"
    PRICE = "price"
    IMAGE = "images"
    GTIN = "gtin"
    WEIGHT = "weight"


def missing(record: Record, price: Decimal | None) -> list[Need]:
    """The unmet needs: a name not from the till, brand, price above nought, an image, no conflict on GTIN or weight.

    A decision of staff settles a conflict. A GTIN or a weight that nobody gives is no conflict.
    """
    met = {
        Need.NAME: bool(_value(record, "name")) and record["name"]["source"] != SPREADSHEET,
        Need.BRAND: bool(_value(record, "brand")),
        Need.PRICE: price is not None and price > 0,
        Need.IMAGE: bool(_value(record, "images")),
        Need.GTIN: not in_conflict(record, "gtin"),
        Need.WEIGHT: not in_conflict(record, "weight"),
    }
    return [need for need in Need if not met[need]]


def conflicts(record: Record) -> list[str]:
    """The fields whose sources contradict each other and that nobody has decided."""
    return sorted(field for field in record if in_conflict(record, field))


def in_conflict(record: Record, field: str) -> bool:
    entry = record.get(field, {})
    return bool(entry.get("conflict")) and not entry.get("locked_by")


def _value(record: Record, field: str) -> object:
    return record.get(field, {}).get("value")
