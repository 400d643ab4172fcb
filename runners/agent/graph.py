"""Nodes of structured data, and what a dotted path finds in them.

JSON-LD and microdata come in one shape here: a property is a list of values however it was written, its name counts
without prefix and case, a node that is only an `@id` stands for the node that has it, and of several offers the one a
buyer would get comes first.
"""

import html
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from lxml import etree

from runners.agent import amounts

Node = dict[str, Any]
Value = str | etree._Element

_MOST_NODES: Final = 20_000
_MOST_VALUES: Final = 200
# Where a property may be found when the node itself does not have it.
_INSTEAD: Final = {
    "price": ("lowprice", "pricespecification.price", "pricespecification.minprice"),
    "pricecurrency": ("pricespecification.pricecurrency",),
    "name": ("item.name",),
    "gtin": ("gtin13", "gtin12", "gtin14", "gtin8"),
}
# Kinds of a priceSpecification that tell what it used to cost, or what it costs elsewhere.
_OTHER_PRICES: Final = ("listprice", "strikethroughprice", "srp", "msrp", "minimumadvertisedprice")
# A member of an enumeration of schema.org, `https://schema.org/InStock`, is meant by its name.
_MEMBER: Final = re.compile(r"(?:(?:https?:)?//(?:www\.)?schema\.org/|schema:)(\w+)/?")
_WORDS_OF_A_NODE: Final = ("@value", "name", "value", "text", "url", "contenturl", "@id")
_WORDS_OF_AN_IMAGE: Final = ("contenturl", "url", "@id", "thumbnailurl")


def local(name: object) -> str:
    """`http://schema.org/Product` and `schema:Product` are `product`."""
    return re.split(r"[/#:]", str(name).rstrip("/"))[-1].lower()


class Graph:
    """The nodes of a page, each with the properties on the way to it, and what refers to what among them."""

    def __init__(self, tops: Iterable[Node]) -> None:
        self.placed = list(_walk(tops))
        self._by_id = {str(node["@id"]): node for node, _ in reversed(self.placed) if len(node) > 1 and "@id" in node}

    def types(self, node: Node) -> set[str]:
        """The types of a node, as `local` names."""
        return {local(name) for name in _flat([node.get("@type")]) if isinstance(name, str)}

    def look(self, start: Node, path: str) -> list[Value]:
        """The texts at `offers.price`, `image.0`, …, or elements whose words they are; the first 200 of them."""
        found = self._down([start], [step.lower() for step in path.split(".")])
        return [words for value in found if (words := self.words(value)) is not None]

    def values(self, node: Node, name: str) -> list[Any]:
        """What a node says under a name (in lower case), or where else such a thing is said."""
        if name == "offers":
            return self.offers(node)
        if found := self.own(node, name):
            return found
        return next((far for path in _INSTEAD.get(name, ()) if (far := self._down([node], path.split(".")))), [])

    def own(self, node: Node, name: str) -> list[Any]:
        """What the node itself says under a name, lists opened and references followed."""
        said = [value for key, value in node.items() if key == name or local(key) == name]
        found = [self._resolved(value) for value in _flat(said)]
        return [value for value in found if not self._is_another_price(value)]

    def offers(self, node: Node) -> list[Node]:
        """The offers of a product and its variants, in a buyer's order."""
        found: list[Node] = []
        holders = [node, *(variant for variant in self.own(node, "hasvariant") if isinstance(variant, dict))]
        waiting = [offer for holder in holders for offer in self.own(holder, "offers")]
        seen = {id(node)}
        while waiting and len(seen) < _MOST_VALUES:
            one = waiting.pop(0)
            if not isinstance(one, dict) or id(one) in seen:
                continue
            seen.add(id(one))
            waiting.extend(self.own(one, "offers"))
            found.append(one)
        return sorted(found, key=self._buyers_order)

    def words(self, value: Any) -> Value | None:
        """The text a value stands for: of a brand its name, of an image its address, of a quantity number and unit."""
        for _ in range(4):
            if not isinstance(value, dict):
                return _plain(value)
            unit = self.own(value, "unittext") or self.own(value, "unitcode")
            names = _WORDS_OF_AN_IMAGE if "imageobject" in self.types(value) else _WORDS_OF_A_NODE
            value = next((found[0] for name in names if (found := self.own(value, name))), None)
            if unit and isinstance(value, str | int | float):
                return f"{_plain(value)} {_plain(unit[0])}"
        return None

    def _down(self, current: list[Any], steps: list[str]) -> list[Any]:
        for step in steps:
            if step.isdigit():
                current = current[int(step) : int(step) + 1]
            else:
                current = [inner for value in current for inner in self._inside(value, step)][:_MOST_VALUES]
        return current

    def _inside(self, value: Any, step: str) -> list[Any]:
        """`brand.name` of a brand that is only a text is that text."""
        if isinstance(value, dict):
            return self.values(value, step)
        return [value] if step in _WORDS_OF_A_NODE else []

    def _resolved(self, value: Any) -> Any:
        return self._by_id.get(str(value["@id"]), value) if isinstance(value, dict) and set(value) == {"@id"} else value

    def _is_another_price(self, value: Any) -> bool:
        kinds = value.get("priceType") if isinstance(value, dict) else None
        return any(str(kind).lower().endswith(_OTHER_PRICES) for kind in _flat([kinds]))

    def _buyers_order(self, offer: Node) -> tuple[bool, bool, bool, Decimal]:
        """Single offers before those that hold others, prices before words, what is in stock first, then by price."""
        said = next(iter(self.look(offer, "price")), None)
        price = amounts.price(said) if isinstance(said, str) else None
        stock = next(iter(self.look(offer, "availability")), None)
        sold_out = isinstance(stock, str) and local(stock) in {"outofstock", "soldout", "discontinued"}
        return bool(self.own(offer, "offers")), price is None and said is not None, sold_out, price or Decimal(0)


def _walk(tops: Iterable[Node]) -> Iterator[tuple[Node, tuple[str, ...]]]:
    """Every node once with the properties that lead to it, in document order; by a stack, however deep it goes."""
    waiting: list[tuple[Any, tuple[str, ...]]] = [(top, ()) for top in reversed(list(tops))]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_NODES:
        value, trail = waiting.pop()
        if isinstance(value, list):
            waiting.extend((one, trail) for one in reversed(value))
        elif isinstance(value, dict) and id(value) not in seen:
            seen.add(id(value))
            yield value, trail
            inner = [(one, (*trail[-8:], local(key))) for key, one in value.items() if isinstance(one, dict | list)]
            waiting.extend(reversed(inner))


def _flat(values: list[Any]) -> list[Any]:
    """Lists in lists opened, `@list` and `@set` too; what is nothing left out."""
    found: list[Any] = []
    waiting = list(reversed(values))
    while waiting and len(found) < _MOST_VALUES:
        value = waiting.pop()
        if isinstance(value, dict) and len(value) == 1 and ("@list" in value or "@set" in value):
            value = next(iter(value.values()))
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif value is not None and value != "":
            found.append(value)
    return found


def _plain(value: Any) -> Value | None:
    if isinstance(value, str):
        text = value if "<" in value else html.unescape(value)
        member = _MEMBER.fullmatch(text.strip())
        return member[1] if member else text.strip() or None
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        return _digits(value)
    return str(value) if isinstance(value, int) else value if isinstance(value, etree._Element) else None


def _digits(value: float) -> str | None:
    """A number is written with a point; three decimals get a fourth, or a reader takes them for thousands."""
    if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124
        return None
    text = f"{Decimal(repr(value)):f}"
    return f"{text}0" if re.search(r"\.\d{3}$", text) else text
