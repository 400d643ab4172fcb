"""Is the product on a page the one that was asked for?"""

from collections.abc import Mapping
from typing import Final

from runners.protocol import gtin
from runners.protocol.fields import Field
from runners.protocol.tokens import Tokens

_NAMES: Final = (Field.SKU, Field.GTIN, Field.ITEM_NUMBER, Field.MPN)


def stranger(fields: Mapping[str, object], tokens: Tokens) -> str | None:
    """What the page calls its product, where that contradicts the SKU asked for; None where nothing does.

    Only like is compared with like: a site's own number says nothing about a GTIN that was asked for. One number that
    agrees settles it.
    """
    numbers = {name: str(fields[name]) for name in _NAMES if fields.get(name)}
    if any(_same(number, tokens) for number in numbers.values()):
        return None
    if tokens.gtin is not None:
        other = next((numbers[name] for name in (Field.GTIN, Field.SKU) if _is_gtin(numbers.get(name, ""))), None)
        return f"GTIN {other}" if other else None
    number = numbers.get(Field.SKU)
    return f"SKU {number}" if number else None


def _same(number: str, tokens: Tokens) -> bool:
    if _bare(number) == _bare(tokens.sku):
        return True
    read = gtin.read(number)
    return read is not None and tokens.gtin is not None and read.zfill(14) == tokens.gtin.zfill(14)


def _is_gtin(number: str) -> bool:
    """Eight digits with a lucky check digit are more often a site's own number."""
    read = gtin.read(number)
    return read is not None and len(read) >= 12


def _bare(number: str) -> str:
    return "".join(number.split()).casefold()
