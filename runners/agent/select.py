"""What one `from` entry finds on a page."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cached_property
from typing import Any, Final

from lxml import etree

from runners.agent import labels, query
from runners.agent.graph import Value
from runners.agent.page import Page
from runners.agent.states import states
from runners.agent.structured import Structured
from runners.protocol.definition import From, ProductPage, Table, expressions
from runners.protocol.tokens import TokenMissing, Tokens

_MOST_VALUES: Final = 200
_MOST_ROWS: Final = 1_000


class View:
    """A product page as a definition looks at it: inside its scope, blind for what it excludes.

    Structured data, meta tags and embedded states are read from the whole page.
    """

    def __init__(self, page: Page, product: ProductPage, tokens: Tokens) -> None:
        self._page, self._product, self._tokens = page, product, tokens
        self.structured = Structured(page)

    def find(self, entry: From) -> list[Value]:
        """The texts and elements at one place, in page order; none where a token has no value (a SKU is no GTIN)."""
        look: dict[str, Callable[[str], list[Any]]] = {
            "css": lambda selector: self._css(selector, entry.attr),
            "xpath": lambda expression: self._all(query.xpath, expression),
            "label": lambda label: [value for scope in self.scopes for value in labels.find(scope, label)],
            "ld": self.structured.ld,
            "micro": self.structured.micro,
            "og": self.structured.og,
            "meta": self.structured.meta,
            "json": self._json,
            "const": lambda template: [self._tokens.text(template)],
        }
        try:
            return look[entry.kind](entry.argument)[:_MOST_VALUES]
        except TokenMissing:
            return []

    def pairs(self, table: Table) -> Iterator[tuple[str, str]]:
        """Names and values of a table's rows, those without either left out."""
        for row in self._all(query.css, table.rows)[:_MOST_ROWS]:
            if isinstance(row, etree._Element):
                name, value = (self._first(row, part) for part in (table.key, table.value))
                if name and value:
                    yield name, value

    @cached_property
    def scopes(self) -> list[etree._Element]:
        """The elements inside which css, xpath and label look; none where the scope is not on the page."""
        root = self._page.root
        if self._product.exclude:
            root = _without(deepcopy(root), self._product.exclude, self._tokens)
        if self._product.scope is None:
            return [root]
        return [one for one in query.css(root, self._product.scope, self._tokens) if isinstance(one, etree._Element)]

    def _all(self, ask: Callable[..., list[query.Found]], expression: str) -> list[query.Found]:
        return [found for scope in self.scopes for found in ask(scope, expression, self._tokens)]

    def _css(self, selector: str, attributes: str | None) -> list[Value]:
        found = self._all(query.css, selector)[:_MOST_ROWS]
        if attributes is None:
            return found
        names = attributes.split("|")
        return [value for one in found if isinstance(one, etree._Element) and (value := _attribute(one, names))]

    def _first(self, row: etree._Element, selector: str) -> str:
        return next((query.words(found).strip() for found in query.css(row, selector, self._tokens)), "")

    def _json(self, expression: str) -> list[str]:
        path = expressions.json_path(expression)
        for value in [self._page.data] if self._page.data is not None else states(self._page.root):
            if texts := list(_texts(path.search(value))):
                return texts
        return []


def _attribute(element: etree._Element, names: list[str]) -> str:
    return next((value for name in names if (value := str(element.get(name) or "").strip())), "")


def _without(root: etree._Element, selectors: tuple[str, ...], tokens: Tokens) -> etree._Element:
    """The tree with what matches emptied and made unseen; the text behind it stays."""
    for selector in selectors:
        for found in query.css(root, selector, tokens):
            if isinstance(found, etree._Element):
                found.clear(keep_tail=True)  # type: ignore[call-arg]
                found.tag = "template"
    return root


def _texts(value: Any) -> Iterator[str]:
    """The texts and numbers in what a JMESPath found, lists opened."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(reversed(one))
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            yield str(one)
