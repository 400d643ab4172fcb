"""Which row is the header, and which columns it says are the SKU, the register name and the price."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from pipeline.spreadsheet.cells import Cell, RefusedError, Row, Sheet, letter
from pipeline.spreadsheet.cleaning import printed

SEARCHED_ROWS = 50

SKU, NAME, PRICE = "sku", "register_name", "target_price"

# Which headers mean what, best first. A choice of several headers is joined in that order.
ALIASES: dict[str, tuple[tuple[str, ...], ...]] = {
    SKU: (("sku",), ("skunumber",), ("itemnumber",), ("upc",), ("upcnumber",)),
    NAME: (("registername",), ("name",), ("description1", "description2")),
    PRICE: (("targetprice",), ("price",), ("ourprice",), ("listprice",)),
}
_SPOKEN = {SKU: "SKU, SKU_NO, Item # or UPC", NAME: "Register name, NAME or DESCRIPTION1"}
_KNOWN = {alias for choices in ALIASES.values() for choice in choices for alias in choice}
_NUMBER = re.compile(r"(sku|item|upc)(?:no|num|nr|nbr)")


@dataclass(frozen=True)
class Reading:
    """How one of our fields is read: from these columns, joined by a space; `passed_over` also fitted, further down."""

    columns: tuple[int, ...]
    headers: tuple[str, ...]
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True)
class Header:
    """A header row understood. `names` are unique: a second column of one name carries its letter."""

    sheet: str
    row: int
    names: tuple[str, ...]
    readings: dict[str, Reading]

    def name(self, column: int) -> str:
        """The header of a column; a column without one is called by its letter."""
        return self.names[column] if column < len(self.names) else letter(column)


@dataclass(frozen=True)
class Table:
    """A header and the rows below it, readable once; `expected` is a guess at how many."""

    header: Header
    rows: Iterator[Row]
    expected: int


def find(sheets: Iterable[Sheet]) -> Table:
    """The first sheet with a header among its first rows. Raises `RefusedError` naming what is missing."""
    complaints: list[str] = []
    for sheet in sheets:
        top = list(islice(sheet.rows, SEARCHED_ROWS))
        for index, row in enumerate(top):
            header = understand(row, sheet.name)
            if header is not None:
                return Table(header, chain(top[index + 1 :], sheet.rows), sheet.expected)
        complaints.append(_complaint(sheet.name, top))
    raise RefusedError(complaints[0] if complaints else "The workbook has no visible sheet.")


def understand(row: Row, sheet: str) -> Header | None:
    """The header that a row is, or None when it names no SKU or no register name."""
    folded = [fold(cell) for cell in row.cells]
    names = _unique([printed(cell).strip() for cell in row.cells])
    readings = {field: _reading(choices, folded, names) for field, choices in ALIASES.items()}
    found = {field: reading for field, reading in readings.items() if reading is not None}
    if SKU not in found or NAME not in found:
        return None
    return Header(sheet, row.number, names, found)


def fold(cell: Cell) -> str:
    """A header without case and punctuation; number signs and their abbreviations alike: `Item #` is `itemnumber`."""
    if not isinstance(cell.value, str):
        return ""
    text = unicodedata.normalize("NFKC", cell.value).casefold().replace("#", "number")
    letters = "".join(character for character in text if character.isalnum())
    abbreviated = _NUMBER.fullmatch(letters)
    return f"{abbreviated[1]}number" if abbreviated else letters


def _reading(choices: tuple[tuple[str, ...], ...], folded: list[str], names: tuple[str, ...]) -> Reading | None:
    best: tuple[int, ...] = ()
    passed_over: list[str] = []
    for choice in choices:
        places = [[column for column, header in enumerate(folded) if header == alias] for alias in choice]
        if not best:
            best = tuple(columns[0] for columns in places if columns)
        passed_over += [names[column] for column in chain(*places) if column not in best]
    if not best:
        return None
    return Reading(best, tuple(names[column] for column in best), tuple(passed_over))


def _unique(names: list[str]) -> tuple[str, ...]:
    seen: set[str] = set()
    unique: list[str] = []
    for column, name in enumerate(names):
        given = name or letter(column)
        if given in seen:
            given = f"{given} ({letter(column)})"
        seen.add(given)
        unique.append(given)
    return tuple(unique)


def _complaint(sheet: str, top: list[Row]) -> str:
    if not top:
        return f"“{sheet}” is empty."
    nearest = max(top, key=lambda row: sum(fold(cell) in _KNOWN for cell in row.cells))
    folded = {fold(cell) for cell in nearest.cells}
    known = folded & _KNOWN
    wanted = [spoken for field, spoken in _SPOKEN.items() if not any(known & set(c) for c in ALIASES[field])]
    if not known:
        return (
            f"No header row was found in the first {SEARCHED_ROWS} rows of “{sheet}”. It needs a column for the SKU "
            f"({_SPOKEN[SKU]}) and one for the name ({_SPOKEN[NAME]})."
        )
    missing = " and ".join(wanted)
    return f"Row {nearest.number} of “{sheet}” looks like the header, but has no column called {missing}."
