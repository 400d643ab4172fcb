"""JSON-LD as pages really write it: every block that can be read, and the nodes inside them."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

Node = dict[str, Any]

# Every alternative matches to the end of the text at worst, so that one pass is enough whatever a page holds.
_STRING: Final = r'"[^"\\]*(?:\\(?:.|\Z)[^"\\]*)*(?:"|\Z)'
_NOISE: Final = re.compile(
    _STRING + r"|/\*.*?(?:\*/|\Z)|//[^\n]*|<!--|-->|<!\[CDATA\[|\]\]>|,(?=\s*[}\]])", re.DOTALL
)  # fmt: skip
_BAD_ESCAPE: Final = re.compile(r'\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})(.)', re.DOTALL)
_BETWEEN: Final = re.compile(r"[\s;,\ufeff]+")
_DECODER: Final = json.JSONDecoder(strict=False)


def nodes(root: etree._Element) -> list[Node]:
    """The objects at the top of each readable block, `@graph` opened; blocks that are no JSON are passed over."""
    found: list[Node] = []
    for script in root.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            found.extend(node for value in values(script.text or "") for node in _opened(value))
    return found


def values(text: str) -> list[Any]:
    """The JSON values in a block, read strictly, then without what does not belong there. None of it: no values."""
    for attempt in (str, _clean, lambda block: _clean(html.unescape(block))):
        found = _decoded(attempt(text))
        if found is not None:
            return found
    return []


def _decoded(text: str) -> list[Any] | None:
    """All values that follow each other in `text`, or None where something else does."""
    found, position = [], 0
    try:
        while position < len(text):
            if between := _BETWEEN.match(text, position):
                position = between.end()
            else:
                value, position = _DECODER.raw_decode(text, position)
                found.append(value)
    except (ValueError, RecursionError):
        return None
    return found


def _clean(text: str) -> str:
    """Without comments, CDATA marks, commas before a closing bracket and escapes that JSON does not know."""
    without_comments = _NOISE.sub(_kept, text)
    return _NOISE.sub(_kept, without_comments)  # a comma that a comment parted from its bracket


def _kept(found: re.Match[str]) -> str:
    return _BAD_ESCAPE.sub(r"\1", found[0]) if found[0].startswith('"') else " "


def _opened(value: Any) -> Iterator[Node]:
    """The objects in lists and graphs, in order; by a stack, because a page may nest them as deep as it likes."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(reversed(one))
        elif isinstance(one, dict):
            if "@graph" in one:
                waiting.append(one["@graph"])
            if "@graph" not in one or "@type" in one:
                yield one
