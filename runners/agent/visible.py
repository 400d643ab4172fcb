"""What a reader sees of an element: its words, without scripts and styles, blocks apart."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Final

from lxml import etree

_UNSEEN: Final = frozenset({"script", "style", "noscript", "template", "head", "svg"})
_INLINE: Final = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd"}
    | {"label", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"}
)
_SPACES: Final = re.compile(r"[\s\x00-\x1f\x7f\u200b\u200e\u200f\u2060\ufeff]+")
_A_LABELS_PIECES: Final = 60
_HIDING: Final = re.compile(r"(?:^|;)\s*display\s*:\s*none", re.IGNORECASE)


def text(node: etree._Element, *, hidden: bool = True) -> str:
    """The words of `node`, spaces collapsed; inline elements join, blocks and breaks part.

    `hidden=False` leaves out what the markup itself hides (a tab that is not open, a message that waits for its case).
    """
    return collapse("".join(_pieces(node, hidden=hidden)))


def beginning(node: etree._Element) -> str:
    """The words of `node` as far as a label could go; a page may nest thousands of elements into each other."""
    return collapse("".join(islice(_pieces(node, hidden=True), _A_LABELS_PIECES)))


def lines(node: etree._Element) -> list[str]:
    """The words of `node` as the lines its blocks and breaks make, empty ones left out."""
    return [line for raw in "".join(_pieces(node, hidden=True)).split("\n") if (line := collapse(raw))]


def _pieces(node: etree._Element, *, hidden: bool) -> Iterator[str]:
    walker = etree.iterwalk(node, events=("start", "end"))
    for event, element in walker:
        if element.tag not in _INLINE:
            yield "\n"
        if event == "end":
            yield _SPACES.sub(" ", element.tail or "") if element is not node else ""
        elif element is not node and _unseen(element, hidden=hidden):
            walker.skip_subtree()
        else:
            yield _SPACES.sub(" ", element.text or "")


def collapse(words: str) -> str:
    """One space for any run of spaces, no-break and invisible ones included."""
    return _SPACES.sub(" ", words).strip()


def fold(words: str) -> str:
    """Words for comparison: compatibility forms, case and spacing set aside."""
    return collapse(unicodedata.normalize("NFKC", words)).casefold()


def _unseen(element: etree._Element, *, hidden: bool) -> bool:
    if element.tag in _UNSEEN:
        return True
    return not hidden and ("hidden" in element.attrib or _HIDING.search(element.get("style", "")) is not None)
