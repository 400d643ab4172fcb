"""HTML as a tree and back."""

import html

from lxml import etree


def tree(text: str) -> etree._Element:
    """The root of any text read as HTML; libxml2 stops at 2,048 levels and keeps what came before."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(text.encode("utf-8"), parser)
    return etree.fromstring(b"<html/>", parser) if root is None else root


def inner(element: etree._Element) -> str:
    """The markup inside an element."""
    pieces = [html.escape(element.text or "", quote=False)]
    pieces += [str(etree.tostring(child, encoding="unicode", method="html")) for child in element]
    return "".join(pieces)
