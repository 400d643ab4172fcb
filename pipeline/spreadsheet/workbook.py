"""An .xlsx file to rows, streaming, after a look at what it would unpack to."""

from __future__ import annotations

import re
import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from pipeline.spreadsheet.cells import EMPTY, Cell, Limits, RefusedError, Row, Sheet, limited

MAX_UNPACKED = 400 * 1024 * 1024  # 100,000 rows of 40 columns are about 200 MB of XML
MAX_STRINGS = 64 * 1024 * 1024
MAX_STRING_COUNT = 1_500_000
MAX_OTHER_PART = 16 * 1024 * 1024
MAX_ROW_BYTES = 4 * 1024 * 1024
LAST_ROW = 1_048_576

LOCKED = (
    "This workbook is protected by a password. Open it in Excel, take the password off, save it and upload it again."
)
CORRUPT = "This workbook is damaged and cannot be read. Open it in Excel, save it again as .xlsx and upload that file."
BOMB = "This workbook unpacks to far more data than a price list needs, so it was not opened."

# Whatever openpyxl meets in a damaged file surfaces as one of these.
_DAMAGE = (
    BadZipFile, InvalidFileException, zlib.error, SyntaxError, EOFError, OSError, NotImplementedError,
    ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError,
)  # fmt: skip
_ESCAPED = re.compile(r"_x(00[01][0-9A-Fa-f]|005[Ff])_")
_ROW_END = re.compile(rb"</(?:\w+:)?row>|<(?:\w+:)?row[^>]*/>")
_STRING = re.compile(rb"<(?:\w+:)?si[\s/>]")


def sheets(content: bytes, limits: Limits) -> Iterator[Sheet]:
    """The visible sheets in workbook order. Raises `RefusedError`, also while rows are read."""
    expected = inspect(content)
    # openpyxl warns about every feature it will not write back; nothing is written back here.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
    try:
        workbook = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except _DAMAGE as error:
        raise RefusedError(CORRUPT) from error
    try:
        for worksheet in workbook.worksheets:
            if worksheet.sheet_state == "visible":
                yield _sheet(worksheet, limits, expected)
    finally:
        workbook.close()


def inspect(content: bytes) -> int:
    """Refuse what is encrypted or would unpack beyond bounds, without ever holding a whole part in memory.

    The sizes a zip archive declares bind: `zipfile` reads no further than them. Returns how many rows the longest sheet
    has, blank ones included.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
            if any(part.flag_bits & 1 for part in parts):
                raise RefusedError(LOCKED)
            if sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise RefusedError(BOMB)
            return max((_inspect_part(archive, part) for part in parts), default=0)
    except _DAMAGE as error:
        raise RefusedError(CORRUPT) from error


def _inspect_part(archive: ZipFile, part: ZipInfo) -> int:
    name = part.filename.lower()
    if "sharedstrings" in name:
        if part.file_size > MAX_STRINGS or _count(archive, part, _STRING) > MAX_STRING_COUNT:
            raise RefusedError(BOMB)
    elif "/worksheets/" in name and name.endswith(".xml"):
        return _inspect_rows(archive, part)
    elif name.endswith((".xml", ".rels")) and part.file_size > MAX_OTHER_PART:
        raise RefusedError(BOMB)
    return 0


def _blocks(archive: ZipFile, part: ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as stream:
        while block := stream.read(1 << 18):
            yield block


def _count(archive: ZipFile, part: ZipInfo, pattern: re.Pattern[bytes]) -> int:
    return sum(len(pattern.findall(block)) for block in _blocks(archive, part))


def _inspect_rows(archive: ZipFile, part: ZipInfo) -> int:
    """The number of rows; a parser holds one of them in memory at a time, so none may be endless."""
    rows = gap = 0
    for block in _blocks(archive, part):
        ends = [match.end() for match in _ROW_END.finditer(block)]
        if gap + (ends[0] if ends else len(block)) > MAX_ROW_BYTES:
            raise RefusedError(BOMB)
        gap = len(block) - ends[-1] if ends else gap + len(block)
        rows += len(ends)
    return rows


def _sheet(worksheet: Any, limits: Limits, expected: int) -> Sheet:
    worksheet.reset_dimensions()  # programs write wrong ones, and openpyxl would believe them
    rows = limited(_rows(worksheet), sheet=worksheet.title, limits=limits)
    return Sheet(worksheet.title, rows, expected=expected)


def _rows(worksheet: Any) -> Iterator[Row]:
    try:
        for number, cells in enumerate(worksheet.iter_rows(), start=1):
            if number > LAST_ROW:
                raise RefusedError(CORRUPT)
            if cells:
                yield Row(number, tuple(map(_cell, cells)))
    except _DAMAGE as error:
        raise RefusedError(CORRUPT) from error


def _cell(source: Any) -> Cell:
    value = source.value
    if value is None:
        return EMPTY
    if source.data_type == "e":
        return Cell(str(value), broken=True)
    if isinstance(value, str):
        return Cell(_unescaped(value))
    return Cell(value, source.number_format)


def _unescaped(text: str) -> str:
    """Excel writes control characters as `_x000D_`, and the underscore before such text as `_x005F_`."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
