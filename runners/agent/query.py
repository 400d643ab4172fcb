"""Selectors with tokens in them, asked of an element: elements or texts come back, whatever the expression yields."""

from typing import Any

from lxml import etree

from runners.agent import visible
from runners.protocol.definition import expressions
from runners.protocol.tokens import Tokens

Found = etree._Element | str


def css(node: etree._Element, selector: str, tokens: Tokens) -> list[Found]:
    """Elements, or texts where the selector ends in `::text` or `::attr(name)`. Raises TokenMissing."""
    return _found(expressions.css(tokens.css(selector))(node))


def xpath(node: etree._Element, expression: str, tokens: Tokens) -> list[Found]:
    """Elements and texts; a number or a string that the expression computes is one text. Raises TokenMissing."""
    return _found(expressions.xpath(tokens.xpath(expression))(node))


def words(found: Found) -> str:
    """The visible words of an element; a text as it is."""
    return found if isinstance(found, str) else visible.text(found)


def _found(result: Any) -> list[Found]:
    if isinstance(result, list):
        return [one for one in result if isinstance(one, etree._Element | str)]
    if isinstance(result, float):
        return [f"{result:.15g}"]
    return [result] if isinstance(result, str) else []
