"""CSV text to rows: byte-order marks, two encodings, three delimiters, and quotes that never close."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from itertools import islice

from pipeline.spreadsheet.cells import Cell, Limits, RefusedError, Row, Sheet, limited

DELIMITERS = (",", ";", "\t")
SAMPLE_LINES = 200
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HINT = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_NEUTRALISED = re.compile(r"''*[=+\-@\t\r\n＝＋－＠]")  # how our own exports keep text from being run as a formula
_AS_TEXT = re.compile(r'="([^"]*)"')  # how some tills keep the zeros of a code from a spreadsheet program


def sheets(content: bytes, limits: Limits) -> Iterator[Sheet]:
    """The one sheet of a CSV file. Raises `RefusedError`, while rows are read, for a quotation mark never closed."""
    lines = list(StringIO(decode(content), newline=""))
    hint = _HINT.fullmatch(lines[0]) if lines else None
    delimiter = hint[1] if hint else sniff(lines)
    rows = _rows(lines[1:] if hint else lines, delimiter)
    yield Sheet("CSV", limited(rows, sheet="The file", limits=limits), expected=len(lines))


def decode(content: bytes) -> str:
    """Text of a byte-order mark's encoding, else UTF-8, else Windows-1252 (what spreadsheet programs save)."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def sniff(lines: list[str]) -> str:
    """The delimiter that cuts the first lines most evenly into more than one field."""
    return max(DELIMITERS, key=lambda delimiter: _evenness(lines[:SAMPLE_LINES], delimiter))


def _evenness(lines: list[str], delimiter: str) -> tuple[float, int]:
    try:
        counts = Counter(len(record) for record in csv.reader(lines, delimiter=delimiter) if record)
    except csv.Error:
        return (0, 0)
    (width, rows), *_ = counts.most_common(1) or [(1, 0)]
    return (rows / counts.total(), width) if width > 1 else (0, 0)


def _rows(lines: list[str], delimiter: str) -> Iterator[Row]:
    reader = csv.reader(iter(lines), delimiter=delimiter)
    number = read = 0
    while True:
        number += 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise RefusedError(_unclosed(number)) from error
        if record is None:
            return
        if reader.line_num - read > 1:
            _check_quotes(islice(lines, read, reader.line_num), delimiter, number)
        read = reader.line_num
        yield Row(number, tuple(Cell(_field(field)) for field in record))


def _check_quotes(lines: Iterator[str], delimiter: str, number: int) -> None:
    """The lenient reader lets an open quotation mark swallow the rest of the file; the strict one says so."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise RefusedError(_unclosed(number)) from error


def _unclosed(number: int) -> str:
    return f"Row {number} opens a quotation mark that is not closed, so the rows after it cannot be told apart."


def _field(text: str) -> str:
    as_text = _AS_TEXT.fullmatch(text)
    if as_text:
        return as_text[1]
    return text[1:] if _NEUTRALISED.match(text) else text
