"""What every spreadsheet is turned into: sheets of rows of cells, whatever the file was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

MAX_COLUMNS = 500

Value = str | int | float | bool | datetime | date | time | timedelta | None


class RefusedError(Exception):
    """The file as a whole cannot be used; the text is a sentence for the person who uploaded it."""


class Limits(NamedTuple):
    """How large a file may be, in bytes and in rows below the header."""

    size: int = 20 * 1024 * 1024
    rows: int = 100_000


LIMITS = Limits()


class Cell(NamedTuple):
    """One cell as the file holds it; `number_format` says what a spreadsheet program would show of a number.

    `broken` marks an error value, such as `#N/A`, whose name stands in `value`.
    """

    value: Value
    number_format: str = "General"
    broken: bool = False


EMPTY = Cell(None)


class Row(NamedTuple):
    """A row by the number that a spreadsheet program shows beside it (from 1)."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, column: int) -> Cell:
        """The cell in `column` (from 0); rows may be shorter than the header."""
        return self.cells[column] if column < len(self.cells) else EMPTY


@dataclass(frozen=True)
class Sheet:
    """`rows` can be read once and leaves out blank rows; `expected` is a guess at how many there are."""

    name: str
    rows: Iterator[Row]
    expected: int = 0


def letter(column: int) -> str:
    """The name of a column counted from 0, as spreadsheet programs print it: 0 → A, 26 → AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def reference(row: int, column: int) -> str:
    """The address of a cell, column counted from 0: (12, 2) → C12."""
    return f"{letter(column)}{row}"


def limited(rows: Iterator[Row], *, sheet: str, limits: Limits) -> Iterator[Row]:
    """Pass on the rows that hold something; raises `RefusedError` beyond the limits."""
    count = 0
    for row in rows:
        cells = _without_empty_end(row.cells)
        if not cells:
            continue
        count += 1
        if count > limits.rows + 1:  # the header is a row too
            raise RefusedError(f"“{sheet}” has more than {limits.rows:,} rows. Split it and upload the parts.")
        if len(cells) > MAX_COLUMNS:
            raise RefusedError(f"Row {row.number} of “{sheet}” has more than {MAX_COLUMNS} columns.")
        yield Row(row.number, cells)


def _without_empty_end(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    end = len(cells)
    while end and cells[end - 1].value in (None, ""):
        end -= 1
    return cells[:end]
