"""Rows to a file that a shop or a spreadsheet program opens. Pure.

Text stays text: codes keep their zeros, and nothing that came from a till or a web site is ever run as a formula. In
CSV, which knows no types, such text gets an apostrophe in front (OWASP, "CSV Injection"), which our own import takes
off again; in XLSX the cell itself is marked as text.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import StrEnum
from io import BytesIO, StringIO

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from pipeline.export.rows import Row

LONGEST_CELL = 32_767  # what Excel holds
_MORE = "…"
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"

    @property
    def content_type(self) -> str:
        if self is Format.CSV:
            return "text/csv; charset=utf-8"
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def write(form: Format, titles: Iterable[str], rows: Iterable[Row]) -> bytes:
    """The file's bytes: one line of titles, then the rows in their order."""
    return (_csv if form is Format.CSV else _xlsx)(titles, rows)


def neutralised(text: str) -> str:
    """`text` with an apostrophe in front if a spreadsheet program might run it.

    Text that has apostrophes there already gets one more, so that taking one off always gives back the text.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def _csv(titles: Iterable[str], rows: Iterable[Row]) -> bytes:
    """UTF-8 without a byte-order mark, commas, lines as RFC 4180 ends them."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(titles)
    for row in rows:
        writer.writerow([_in_csv(value) for value in row])
    return text.getvalue().encode()


def _in_csv(value: str | Decimal | None) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else neutralised(_storable(value))


def _xlsx(titles: Iterable[str], rows: Iterable[Row]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Products")
    sheet.freeze_panes = "B2"
    cells = _Cells(sheet)
    sheet.append(cells.of(list(titles)))
    for row in rows:
        sheet.append(cells.of(row))
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


class _Cells:
    """A styled cell costs more to make than to write; the sheet writes each at once, so two serve for all."""

    def __init__(self, sheet: WriteOnlyWorksheet) -> None:
        self._text, self._number = WriteOnlyCell(sheet), WriteOnlyCell(sheet)
        self._text.number_format, self._number.number_format = "@", "0.00"
        self._text.quotePrefix = True

    def of(self, row: Row | list[str]) -> Iterator[Cell | None]:
        for value in row:
            if value is None:
                yield None
            elif isinstance(value, Decimal):
                self._number.value = value
                yield self._number
            else:
                self._text.value = _in_xlsx(value)
                self._text.data_type = "s"  # openpyxl takes a leading = for a formula and #N/A for an error
                yield self._text


def _in_xlsx(text: str) -> str:
    """`_x0041_`, which Excel would read as a letter, is escaped as it does it."""
    kept = _ESCAPE.sub("_x005F_", _storable(text))
    return kept if len(kept) <= LONGEST_CELL else kept[: LONGEST_CELL - 1] + _MORE


def _storable(text: str) -> str:
    """Without control characters, which XML cannot hold, and without lone surrogates, which nothing can."""
    return ILLEGAL_CHARACTERS_RE.sub("", text).encode("utf-8", "replace").decode()
