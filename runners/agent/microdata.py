"""Microdata as nodes in the shape of JSON-LD: `{"@type": [...], property: [values]}`, in one pass over the page."""

from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

from runners.agent import addresses

Node = dict[str, Any]

_MOST_REFERENCES: Final = 100
# Links whose address, not their words, is the value; whoever writes `<a itemprop="brand" href="…">Acme</a>` means Acme.
_ADDRESSES: Final = frozenset(
    {"url", "image", "logo", "sameas", "availability", "itemcondition", "item", "thumbnailurl", "contenturl", "link"}
)
_SOURCES: Final = {
    "img": "src", "audio": "src", "embed": "src", "iframe": "src", "source": "src", "track": "src", "video": "src",
    "object": "data", "data": "value", "meter": "value", "meta": "content",
}  # fmt: skip
_LINKS: Final = frozenset({"a", "area", "link"})


def nodes(root: etree._Element, base_url: str) -> list[Node]:
    """The items of a page that are no property of another item, in page order.

    A value is an address, an attribute's text, or the element itself where its words are the value.
    """
    items: dict[etree._Element, Node] = {}
    tops: dict[int, Node] = {}
    owners: list[tuple[etree._Element, Node]] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            owner = owners[-1][1] if owners else None
            item = _item(element)
            names = _names(element)
            if item is not None:
                items[element] = item
                owners.append((element, item))
            if owner is not None and names:
                _add(owner, names, item or _value(element, names, base_url))
            if item is not None and (owner is None or not names):
                tops[id(item)] = item
        elif owners and owners[-1][0] is element:
            owners.pop()
    for taken in _follow_references(root, items, base_url):
        tops.pop(id(taken), None)
    return list(tops.values())


def _item(element: etree._Element) -> Node | None:
    if element.get("itemscope") is None:
        return None
    node: Node = {"@type": (element.get("itemtype") or "").split()}
    if element.get("itemid"):
        node["@id"] = str(element.get("itemid")).strip()
    return node


def _names(element: etree._Element) -> list[str]:
    return (element.get("itemprop") or "").split()


def _add(owner: Node, names: list[str], value: Any) -> None:
    for name in names:
        owner.setdefault(name, []).append(value)


def _value(element: etree._Element, names: list[str], base_url: str) -> Any:
    """The attribute that carries the value, else the element, whose words do."""
    if content := element.get("content"):
        return content
    tag = str(element.tag)
    meant = tag == "link" or (tag in _LINKS and any(name.lower() in _ADDRESSES for name in names))
    attribute = "href" if meant else _SOURCES.get(tag)
    source = element.get(attribute) if attribute else None
    if not source:
        return element
    return source if tag in {"data", "meter", "meta"} else addresses.absolute(base_url, source) or source


def _follow_references(root: etree._Element, items: dict[etree._Element, Node], base_url: str) -> Iterator[Node]:
    """Give `itemref` its properties from elsewhere on the page; items that found an owner this way come back."""
    wanted = [(item, name) for element, item in items.items() for name in (element.get("itemref") or "").split()]
    if not wanted:
        return
    by_id = {element.get("id"): element for element in root.iter() if element.get("id")}
    for item, name in wanted[:_MOST_REFERENCES]:
        if name in by_id:
            yield from _adopt(by_id[name], item, items, base_url)


def _adopt(referred: etree._Element, owner: Node, items: dict[etree._Element, Node], base_url: str) -> Iterator[Node]:
    walker = etree.iterwalk(referred, events=("start",))
    for _, element in walker:
        item = items.get(element)
        if item is owner:
            return
        names = _names(element)
        _add(owner, names, item or _value(element, names, base_url))
        if item is not None:
            walker.skip_subtree()
            if names:
                yield item
