"""A product's fields from its page, by a definition. Pure: a page in, JSON values out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from runners.agent import transforms
from runners.agent.page import Page
from runners.agent.select import View
from runners.protocol.definition import Definition, Rule, Step, Structured
from runners.protocol.fields import CARDINALITY, Cardinality, Field, adapt
from runners.protocol.tokens import Tokens

_KINDS: Final = {"jsonld": "ld", "microdata": "micro", "opengraph": "og"}
_STOCK: Final = {
    "InStock": ("in stock", "instock", "in_stock", "available", "available for order"),
    "OutOfStock": ("out of stock", "outofstock", "out_of_stock", "oos", "sold out", "soldout", "unavailable"),
    "PreOrder": ("preorder", "pre-order", "pre order"),
    "BackOrder": ("backorder", "back-order", "back order"),
    "LimitedAvailability": ("limited availability", "limitedavailability"),
}
_TEXT: Final = (Step(text=True),)
# What makes a field's value of what structured data says, whose forms the definition's own transforms do not know.
_CLEANED: Final = {
    Field.PRICE: (Step.model_validate({"price": True}),),
    Field.GTIN: (Step(gtin=True),),
    Field.IMAGES: (Step(absolute=True), Step(dedupe=True)),
    Field.SKU: (Step.model_validate({"regex_extract": r"^(?:sku:)?\s*(.+)$"}),),
    Field.AVAILABILITY: (Step(map={word: state for state, words in _STOCK.items() for word in words}),),
}


@dataclass(frozen=True)
class Extraction:
    """`fields`: JSON values by field name, adapted to each field's cardinality.

    `others`: per field what the other `from` entries and structured data said, `{"from": "ld name", "value": …}`.
    `missing`: the required fields that found no value, in the definition's order.
    """

    fields: dict[str, object] = field(default_factory=dict)
    others: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Said:
    """What one place says about a field: may it be the field's value, and is it kept beside another's?"""

    source: str
    value: object
    fills: bool = True
    checks: bool = True


def extract(page: Page, definition: Definition, tokens: Tokens) -> Extraction:
    """Every field of the definition that the page, or its structured data, has a value for."""
    view = View(page, definition.product, tokens)
    fields: dict[str, object] = {}
    others: dict[str, list[dict[str, object]]] = {}
    for name, rule in definition.fields.items():
        said = list(_table(view, rule) if rule.table else _entries(view, name, rule, page))
        if definition.structured:
            said += _structured(view, name, rule, definition.structured, page)
        winner = next((one for one in said if one.fills), None)
        if winner:
            fields[name.value] = winner.value
        if beside := [{"from": one.source, "value": one.value} for one in said if one.checks and one is not winner]:
            others[name.value] = beside
    missing = [name.value for name, rule in definition.fields.items() if rule.required and name.value not in fields]
    return Extraction(fields, others, tuple(missing))


def _entries(view: View, name: Field, rule: Rule, page: Page) -> Iterator[_Said]:
    for entry in rule.from_:
        texts = transforms.apply(rule.transform, view.find(entry), base_url=page.base_url)
        if texts:
            yield _Said(f"{entry.kind} {entry.argument}", _shaped(name, rule, texts))


def _table(view: View, rule: Rule) -> Iterator[_Said]:
    pairs: dict[str, object] = {}
    for key, value in view.pairs(rule.table) if rule.table else ():
        pairs.setdefault(key.rstrip(": "), value)
    if pairs:
        yield _Said("table", pairs)


def _structured(view: View, name: Field, rule: Rule, structured: Structured, page: Page) -> Iterator[_Said]:
    """What structured data says by itself; kinds that the rule asks already are not asked again."""
    asked = {entry.kind for entry in rule.from_}
    for kind, values in view.structured.says(name, [kind for kind in structured.use if _KINDS[kind] not in asked]):
        texts = transforms.apply(_CLEANED.get(name, _TEXT), values, base_url=page.base_url)
        if texts:
            yield _Said(kind, _shaped(name, rule, texts), structured.falls_back, structured.checks)


def _shaped(name: Field, rule: Rule, texts: list[str]) -> object:
    one = rule.many is False or CARDINALITY[name] is Cardinality.ONE
    return adapt(name, texts[:1] if one else texts)
