"""Values beside their label, as distributor pages print them: `<dt>/<dd>`, `<th>/<td>`, "Label: value"."""

from collections.abc import Iterator

from lxml import etree

from runners.agent import visible
from runners.agent.graph import Value


def find(scope: etree._Element, label: str) -> list[Value]:
    """What stands beside a label (case, spacing and a colon aside): lists first, then tables, lines, pairs.

    The first way that finds something is the answer, in page order.
    """
    wanted = _fold(label)
    ways = (_in_lists, _in_rows, _in_columns, _in_lines, _in_pairs)
    return next((found for way in ways if (found := list(way(scope, wanted)))), [])


def _fold(words: str) -> str:
    return visible.fold(words).rstrip(":* ")


def _is(element: etree._Element, wanted: str) -> bool:
    return _fold(visible.beginning(element)) == wanted


def _in_lists(scope: etree._Element, wanted: str) -> Iterator[Value]:
    for term in scope.iter("dt"):
        if _is(term, wanted):
            for sibling in term.itersiblings():
                if sibling.tag == "dt":
                    break
                if sibling.tag == "dd":
                    yield sibling


def _in_rows(scope: etree._Element, wanted: str) -> Iterator[Value]:
    for cell in scope.iter("th", "td"):
        value = cell.getnext()
        if value is not None and value.tag == "td" and _is(cell, wanted):
            yield value


def _in_columns(scope: etree._Element, wanted: str) -> Iterator[Value]:
    """A head's values are the cells below it."""
    for head in scope.iter("th"):
        table = next(head.iterancestors("table"), None)
        if table is None or not _is(head, wanted):
            continue
        place = sum(1 for _ in head.itersiblings("th", "td", preceding=True))
        for row in table.iter("tr"):
            cells = [cell for cell in row if cell.tag == "td"]
            if len(cells) > place and head not in row:
                yield cells[place]


def _in_lines(scope: etree._Element, wanted: str) -> Iterator[Value]:
    """`UPC: 0123` on one line, however it is set; or `UPC:` with the value on the next."""
    lines = visible.lines(scope)
    for place, line in enumerate(lines):
        name, colon, value = line.replace("：", ":", 1).partition(":")
        if colon and _fold(name) == wanted:
            following = lines[place + 1] if place + 1 < len(lines) else ""
            yield value.strip() or following


def _in_pairs(scope: etree._Element, wanted: str) -> Iterator[Value]:
    """Two elements that are all their parent has: the label and its value."""
    for parent in scope.iter():
        if len(parent) == 2 and not (parent.text or "").strip() and _is(parent[0], wanted):
            yield parent[1]
