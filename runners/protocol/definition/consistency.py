"""What no part of a definition can see alone: its parts against each other."""

from collections.abc import Iterator
from typing import Final

from runners.protocol.definition.problem import Problem
from runners.protocol.definition.rules import Rule
from runners.protocol.definition.whole import Definition
from runners.protocol.fields import CARDINALITY, Cardinality, Field

MOST_SELECTORS: Final = 100


def problems_of(definition: Definition) -> Iterator[Problem]:
    """Addresses outside the allowed hosts, fields that cannot be filled, and too many selectors."""
    yield from _addresses(definition)
    for field, rule in definition.fields.items():
        yield from _rule(field, rule, fallback=bool(definition.structured and definition.structured.falls_back))
    count = selectors_of(definition)
    if count > MOST_SELECTORS:
        yield Problem("", f"{count} selectors are too many; the most is {MOST_SELECTORS}")


def selectors_of(definition: Definition) -> int:
    """How many places a definition looks at: every `from` entry, and every CSS selector elsewhere."""
    product, pick, login = definition.product, definition.pick, definition.login
    marks = [product.marker, definition.search.no_result] + ([login.logged_in, login.failed] if login else [])
    count = sum(len(sign.either) + len(sign.each) for sign in marks if sign)
    count += bool(product.scope) + len(product.exclude)
    count += 2 + len(pick.require) if pick else 0
    return count + sum(3 if rule.table else len(rule.from_) for rule in definition.fields.values())


def _addresses(definition: Definition) -> Iterator[Problem]:
    addresses = [("search.url", definition.search.url)]
    if definition.login:
        addresses.append(("login.form.url", definition.login.form.url))
    for path, url in addresses:
        if not definition.allows(url):
            yield Problem(path, "its host is not among hosts.allowed")


def _rule(field: Field, rule: Rule, *, fallback: bool) -> Iterator[Problem]:
    path = f"fields.{field}"
    if not rule.from_ and not rule.table and not fallback:
        yield Problem(path, "nothing says where to find it; give it a from, or let structured data fill it")
    if rule.table and field is not Field.ATTRIBUTES:
        yield Problem(f"{path}.table", "only attributes are read from a table")
    if field is Field.ATTRIBUTES and rule.from_:
        yield Problem(f"{path}.from", "attributes are names and values; they are read from a table")
    if rule.kind and field is not Field.PRICE:
        yield Problem(f"{path}.kind", "only a price has a kind")
    if rule.many and CARDINALITY[field] is Cardinality.ONE:
        yield Problem(f"{path}.many", f"{field} has one value")
