"""An .xlsx file to rows, streaming, after a look at what it would unpack to."""

from __future__ import annotations

import re
import warnings
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile, ZipInfo

from openpyxl import load_workbook
from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.utils.exceptions import InvalidFileException

from pipeline.spreadsheet.cells import EMPTY, Cell, Limits, RefusedError, Row, Sheet, limited

MAX_UNPACKED = 400 * 1024 * 1024  # 100,000 rows of 40 columns are about 200 MB of XML
MAX_STRINGS = 64 * 1024 * 1024
MAX_STRING_COUNT = 1_500_000
MAX_OTHER_PART = 20 * 1024 * 1024
MAX_ROW_BYTES = 4 * 1024 * 1024
LAST_ROW = 1_048_576

LOCKED = (
    "This workbook is protected by a password. Open it in Excel, take the password off, save it and upload it again."
)
CORRUPT = "This workbook is damaged and cannot be read. Open it in Excel, save it again as .xlsx and upload that file."
STRICT = "This workbook is saved as “Strict Open XML”. Open it in Excel, save it as “Excel Workbook (.xlsx)”."
UNSOLVED = "a formula without a saved result"
BOMB = "This workbook unpacks to far more data than a price list needs, so it was not opened."

# Whatever openpyxl meets in a damaged file surfaces as one of these.
_DAMAGE = (
    BadZipFile, InvalidFileException, zlib.error, SyntaxError, EOFError, OSError, NotImplementedError,
    ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError,
)  # fmt: skip
_ESCAPED = re.compile(r"_x(00[01][0-9A-Fa-f]|005[Ff])_")
_ROW_END = re.compile(rb"</(?:\w+:)?row>|<(?:\w+:)?row[^>]*/>")
_UNSOLVED = re.compile(
    rb'<(?:\w+:)?c(?=[^<>]*\sr="([A-Z]{1,3}[0-9]{1,7})")(?![^<>]*\st="str")[^<>]*>\s*'
    rb"<(?:\w+:)?f[^<]*(?:</(?:\w+:)?f>)?\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml"  # openpyxl finds no sheets under these names
_STRING = re.compile(rb"<(?:\w+:)?si[\s/>]")


class Survey(NamedTuple):
    """What a look at a sheet's XML shows: how many rows, blank ones included, and formulas without a saved result.

    Programs other than Excel save formulas so; openpyxl reads them as blank, and a blank price is a statement.
    """

    rows: int = 0
    unsolved: frozenset[str] = frozenset()


def sheets(content: bytes, limits: Limits) -> Iterator[Sheet]:
    """The visible sheets in workbook order. Raises `RefusedError`, also while rows are read."""
    surveys = inspect(content)
    # openpyxl warns about every feature it will not write back; nothing is written back here.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
    try:
        workbook = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except _DAMAGE as error:
        raise RefusedError(CORRUPT) from error
    try:
        for worksheet in workbook.worksheets:
            if worksheet.sheet_state == "visible":
                yield _sheet(worksheet, limits, surveys)
    finally:
        workbook.close()


def inspect(content: bytes) -> dict[str, Survey]:
    """Refuse what is encrypted or would unpack beyond bounds, without ever holding a whole part in memory.

    The sizes a zip archive declares bind: `zipfile` reads no further than them. Returns what each sheet holds, by part.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
            if any(part.flag_bits & 1 for part in parts):
                raise RefusedError(LOCKED)
            if sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise RefusedError(BOMB)
            return {part.filename: _inspect_part(archive, part) for part in parts}
    except _DAMAGE as error:
        raise RefusedError(CORRUPT) from error


def _inspect_part(archive: ZipFile, part: ZipInfo) -> Survey:
    name = part.filename.lower()
    if "/worksheets/" in name and name.endswith(".xml"):
        return _survey(archive, part)
    if part.file_size > (MAX_STRINGS if name.endswith("sharedstrings.xml") else MAX_OTHER_PART):
        raise RefusedError(BOMB)
    if name == "xl/workbook.xml" and _STRICT in archive.read(part):
        raise RefusedError(STRICT)
    if sum(len(_STRING.findall(block)) for block in _blocks(archive, part)) > MAX_STRING_COUNT:
        raise RefusedError(BOMB)
    return Survey()


def _blocks(archive: ZipFile, part: ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as stream:
        while block := stream.read(1 << 18):
            yield block


def _survey(archive: ZipFile, part: ZipInfo) -> Survey:
    """A parser holds one row in memory at a time, so none may be endless."""
    rows = 0
    unsolved: set[str] = set()
    rest = b""
    for block in _blocks(archive, part):
        text = rest + block
        ends = [match.end() for match in _ROW_END.finditer(text)]
        whole = ends[-1] if ends else 0
        rows += len(ends)
        if b"<f" in text or b":f" in text:
            unsolved.update(match[1].decode("ascii") for match in _UNSOLVED.finditer(text, 0, whole))
        rest = text[whole:]
        if len(rest) > MAX_ROW_BYTES:
            raise RefusedError(BOMB)
    return Survey(rows, frozenset(unsolved))


def _sheet(worksheet: Any, limits: Limits, surveys: Mapping[str, Survey]) -> Sheet:
    survey = surveys.get(worksheet._worksheet_path, Survey())
    worksheet.reset_dimensions()  # programs write wrong ones, and openpyxl would believe them
    rows = limited(_rows(worksheet, survey.unsolved), sheet=worksheet.title, limits=limits)
    return Sheet(worksheet.title, rows, expected=survey.rows)


def _rows(worksheet: Any, unsolved: frozenset[str]) -> Iterator[Row]:
    try:
        for number, cells in enumerate(worksheet.iter_rows(), start=1):
            if number > LAST_ROW:
                raise RefusedError(CORRUPT)
            if cells:
                yield Row(number, tuple(_cell(cell, unsolved) for cell in cells))
    except _DAMAGE as error:
        raise RefusedError(CORRUPT) from error


def _cell(source: Any, unsolved: frozenset[str]) -> Cell:
    value = source.value
    if value is None:
        hollow = unsolved and source is not EMPTY_CELL and source.coordinate in unsolved
        return Cell(UNSOLVED, broken=True) if hollow else EMPTY
    if source.data_type == "e":
        return Cell(str(value), broken=True)
    if isinstance(value, str):
        return Cell(_unescaped(value))
    return Cell(value, source.number_format)


def _unescaped(text: str) -> str:
    """Excel writes control characters as `_x000D_`, and the underscore before such text as `_x005F_`."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
