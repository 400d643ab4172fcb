"""The register's spreadsheet: as such exports are, with a title above the header and SKUs stored in four ways.

`register.csv` says per row how its SKU cell is stored: `text`; `padded` text with blanks around it; `number`; or
`zeros`, a number whose leading zeros only the cell's format shows.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

ROWS = Path(__file__).with_name("register.csv")
WIDTHS = {"A": 16, "B": 24, "C": 16, "D": 11, "E": 11, "F": 9, "G": 10, "H": 12}
TWICE = "004512800400"  # the register exports this one twice; equal rows are one product
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def products() -> list[dict[str, str]]:
    """The 60 products in the sheet's order, every cell as text."""
    with ROWS.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def workbook() -> bytes:
    """The file: the same bytes every time."""
    book = Workbook()
    sheet: Worksheet = book.active  # type: ignore[assignment]
    sheet.title = "INVENTORY"
    sheet.append(["BAY STATE FEED & PET — REGISTER EXPORT"])
    sheet.append(["Store 1", None, "Run 11/14/2026 06:02"])
    sheet.append([])
    rows = products()
    sheet.append([column for column in rows[0] if column != "cell"])
    for row in _as_exported(rows):
        _append(sheet, row)
    _dress(sheet)
    return _without_clock(book)


def _as_exported(rows: list[dict[str, str]]) -> Iterator[dict[str, str] | None]:
    """The rows with an empty line between departments and one row twice."""
    department = rows[0]["DEPT"]
    for row in rows:
        if row["DEPT"] != department:
            department = row["DEPT"]
            yield None
        yield row
        if row["SKU_NO"] == TWICE:
            yield row


def _append(sheet: Worksheet, row: dict[str, str] | None) -> None:
    if row is None:
        sheet.append([])
        return
    cells = {column: value or None for column, value in row.items() if column != "cell"}
    typed = {"Our Price": _price(row["Our Price"]), "ON HAND": int(row["ON HAND"])}
    sheet.append([*(cells | typed | {"LAST SOLD": date.fromisoformat(row["LAST SOLD"])}).values()])
    _store(sheet[f"A{sheet.max_row}"], row["cell"], row["SKU_NO"])


def _store(cell: Cell, how: str, sku: str) -> None:
    if how == "padded":
        cell.value = f" {sku}\u00a0 "
    elif how in {"number", "zeros"}:
        cell.value = int(sku)
        cell.number_format = "0" * len(sku) if how == "zeros" else "General"
    else:
        cell.value = sku
        cell.number_format = "@"


def _price(text: str) -> float | str | None:
    """A number where the register wrote one; `$49.99` was typed by hand and stays text."""
    if not text:
        return None
    return text if text.startswith("$") else float(text)


def _dress(sheet: Worksheet) -> None:
    for column, width in WIDTHS.items():
        sheet.column_dimensions[column].width = width
    for row in (1, 4):
        for cell in sheet[row]:
            cell.font = Font(bold=True)


def _without_clock(book: Workbook) -> bytes:
    """The saved book with the times of saving taken out, of which openpyxl writes two kinds."""
    saved, steady = io.BytesIO(), io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(steady, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:\1>", b"", content)
            target.writestr(zipfile.ZipInfo(name, LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return steady.getvalue()
