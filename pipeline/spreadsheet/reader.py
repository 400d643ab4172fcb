"""File bytes to sheets of cells: says what a file really is, and refuses what cannot be read with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from io import BytesIO
from pathlib import PurePath
from zipfile import BadZipFile, ZipFile

from pipeline.spreadsheet import delimited, workbook
from pipeline.spreadsheet.cells import LIMITS, Limits, RefusedError, Sheet

SAVE_AS = "Open it in your spreadsheet program, save it as .xlsx and upload that file."
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # OLE: old .xls, and .xlsx behind a password
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_NO_ARCHIVE = (BadZipFile, ValueError, NotImplementedError, OSError)


class Kind(StrEnum):
    """What the bytes are, whatever the file is called; the value is how a sentence names it."""

    XLSX = "an Excel workbook (.xlsx)"
    TEXT = "plain text (.csv)"
    XLS = "an old Excel workbook (.xls)"
    XLSB = "a binary Excel workbook (.xlsb)"
    ODS = "an OpenDocument spreadsheet (.ods)"
    LOCKED = "a workbook behind a password"
    HTML = "a web page"
    PDF = "a PDF document"
    ZIP = "a zip archive"
    BINARY = "neither text nor a workbook"


_WANTED = {".xlsx": Kind.XLSX, ".csv": Kind.TEXT}
_OTHER_FORMATS = {".xls", ".xlsb", ".xlsm", ".xltx", ".ods", ".fods", ".numbers"}


def sheets(content: bytes, filename: str, limits: Limits = LIMITS) -> Iterator[Sheet]:
    """The sheets of an uploaded file, each readable once, in order.

    Raises `RefusedError` with a sentence: at once for what the first look shows, and while rows are read for the rest.
    """
    kind = check(content, filename, limits)
    return workbook.sheets(content, limits) if kind is Kind.XLSX else delimited.sheets(content, limits)


def check(content: bytes, filename: str, limits: Limits = LIMITS) -> Kind:
    """The first, cheap look: size, name and content. Returns XLSX or TEXT; raises `RefusedError`."""
    suffix = PurePath(filename).suffix.lower()
    if len(content) > limits.size:
        raise RefusedError(f"The file is larger than {limits.size // 1024 // 1024} MB. Split it and upload the parts.")
    if not content.strip():
        raise RefusedError("The file is empty.")
    kind = sniff(content)
    if kind is Kind.LOCKED:
        raise RefusedError(workbook.LOCKED)
    if suffix in _OTHER_FORMATS or kind in (Kind.XLS, Kind.XLSB, Kind.ODS):
        raise RefusedError(f"{_named(suffix, kind)} cannot be read here. {SAVE_AS}")
    wanted = _WANTED.get(suffix)
    if wanted is None:
        raise RefusedError("Only .xlsx and .csv files can be imported.")
    if kind is Kind.BINARY and wanted is Kind.XLSX:
        raise RefusedError(workbook.CORRUPT)
    if kind is not wanted:
        raise RefusedError(f"The file is named {suffix}, but it is {kind}. {_advice(kind)}")
    return kind


def unpacked(content: bytes) -> int:
    """How many bytes there are to read once a workbook is unpacked. Raises `RefusedError`."""
    if not content.startswith(b"PK\x03\x04"):
        return len(content)
    try:
        with ZipFile(BytesIO(content)) as archive:
            return sum(part.file_size for part in archive.infolist())
    except _NO_ARCHIVE as error:
        raise RefusedError(workbook.CORRUPT) from error


def sniff(content: bytes) -> Kind:
    """What the bytes are, from their first few."""
    start = content.lstrip()[:64].lower()
    if content.startswith(_COMPOUND):
        return Kind.LOCKED if _ENCRYPTED in content else Kind.XLS
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(content)
    if start.startswith(b"%pdf"):
        return Kind.PDF
    if start.removeprefix(b"\xef\xbb\xbf").startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        return Kind.HTML
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" not in content[:4096]:
        return Kind.TEXT
    return Kind.BINARY


def _archive(content: bytes) -> Kind:
    try:
        with ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
    except _NO_ARCHIVE as error:
        raise RefusedError(workbook.CORRUPT) from error
    if "xl/workbook.bin" in names:
        return Kind.XLSB
    if "[Content_Types].xml" in names and any(name.endswith("workbook.xml") for name in names):
        return Kind.XLSX
    return Kind.ODS if {"content.xml", "mimetype"} <= names else Kind.ZIP


def _named(suffix: str, kind: Kind) -> str:
    if kind in (Kind.XLS, Kind.XLSB, Kind.ODS):
        return f"This is {kind}; it"
    return f"A {suffix} file"


def _advice(kind: Kind) -> str:
    if kind is Kind.TEXT:
        return "Rename it to .csv and upload it again."
    if kind is Kind.XLSX:
        return "Rename it to .xlsx and upload it again."
    return SAVE_AS
