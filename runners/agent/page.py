"""A fetched page: its bytes become text by the encoding it declares, and a tree to select from."""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import webencodings
from lxml import etree
from parsel import Selector

from runners.agent import addresses, markup, visible
from runners.protocol.values import clean_text

_DECLARED: Final = re.compile(rb"<meta[^>]{0,500}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_IN_HEADER: Final = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_DECLARED_WITHIN: Final = 4096


@dataclass(frozen=True)
class Page:
    """`url` is where it was found after redirects; `text` its source; `selector` the root of its tree.

    A page that is JSON has an empty tree and its value in `data`; no page is too broken to have a tree.
    """

    url: str
    status: int
    text: str = field(repr=False)
    selector: Selector = field(repr=False, compare=False)

    @property
    def root(self) -> etree._Element:
        """The root element of its tree."""
        root: etree._Element = self.selector.root
        return root

    @cached_property
    def base_url(self) -> str:
        """What its relative links are relative to."""
        return addresses.absolute(self.url, self.selector.xpath("//base/@href").get(default="")) or self.url

    @cached_property
    def data(self) -> Any:
        """The value of a JSON answer, or None."""
        return _json(self.text) if self.text.lstrip()[:1] in {"{", "["} else None

    @cached_property
    def words(self) -> str:
        """What a reader sees, folded for comparison."""
        return visible.fold(visible.text(self.root, hidden=False))


def read(body: bytes, *, url: str, status: int = 200, content_type: str = "") -> Page:
    """The page in `body`. Encoding: BOM, then the header, then `<meta charset>`, then UTF-8; never a guess.

    Bytes that are none in the encoding, NUL and lone surrogates become U+FFFD.
    """
    decoded, _ = webencodings.decode(body, _declared(body, content_type), errors="replace")
    text = clean_text(decoded)
    return Page(url=url, status=status, text=text, selector=Selector(root=markup.tree(text), type="html"))


def _declared(body: bytes, content_type: str) -> webencodings.Encoding:
    in_header = _IN_HEADER.search(content_type)
    if in_header and (encoding := webencodings.lookup(in_header[1])):
        return encoding
    in_page = _DECLARED.search(body[:_DECLARED_WITHIN])
    encoding = webencodings.lookup(in_page[1].decode("ascii", "replace")) if in_page else None
    if encoding is None or encoding.name.startswith("utf-16"):  # what could be read as ASCII is no UTF-16
        return webencodings.UTF8
    return encoding


def _json(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
