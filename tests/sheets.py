"""Builders of spreadsheet files: well-formed ones by openpyxl, odd ones part by part."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

HEADER = ("SKU", "NAME", "PRICE")
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def xlsx(rows: Iterable[Sequence[Any]], *, formats: Mapping[str, str] | None = None, title: str = "Sheet1") -> bytes:
    """A workbook of one sheet; `formats` are number formats by cell, `{"A2": "00000"}`."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for place, number_format in (formats or {}).items():
        sheet[place].number_format = number_format
    return saved(book)


def saved(book: Workbook) -> bytes:
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def text(rows: Iterable[Sequence[Any]], *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """A CSV file."""
    stream = StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue().encode(encoding)


def parts(
    sheet: str, *, before: str = "", strings: str | None = None, more: Mapping[str, bytes] | None = None
) -> bytes:
    """A workbook put together by hand around the XML inside (and before) its `sheetData`."""
    overrides = {"/xl/workbook.xml": f"{TYPES}.sheet.main+xml", "/xl/worksheets/sheet1.xml": f"{TYPES}.worksheet+xml"}
    files: dict[str, str | bytes] = {
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/_rels/workbook.xml.rels": _relations({"rId1": ("worksheet", "worksheets/sheet1.xml")}),
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/styles.xml": f'{XML}<styleSheet xmlns="{MAIN}"><cellXfs count="1"><xf/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'{XML}<worksheet xmlns="{MAIN}">{before}'
        f"<sheetData>{sheet}</sheetData></worksheet>",
    }
    if strings is not None:
        files["xl/sharedStrings.xml"] = f'{XML}<sst xmlns="{MAIN}">{strings}</sst>'
        overrides["/xl/sharedStrings.xml"] = f"{TYPES}.sharedStrings+xml"
    files["[Content_Types].xml"] = _content_types(overrides)
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, content in {**files, **(more or {})}.items():
            archive.writestr(name, content)
    return stream.getvalue()


def renamed(content: bytes, names: Mapping[bytes, bytes]) -> bytes:
    """The same workbook with these bytes of its parts exchanged."""
    stream = BytesIO()
    with ZipFile(BytesIO(content)) as source, ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name in source.namelist():
            part = source.read(name)
            for old, new in names.items():
                part = part.replace(old, new)
            archive.writestr(name, part)
    return stream.getvalue()


def _relations(targets: Mapping[str, tuple[str, str]]) -> str:
    relations = "".join(
        f'<Relationship Id="{key}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for key, (kind, target) in targets.items()
    )
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>'


def _content_types(overrides: Mapping[str, str]) -> str:
    listed = "".join(f'<Override PartName="{part}" ContentType="{kind}"/>' for part, kind in overrides.items())
    default = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return f'{XML}<Types xmlns="{PACKAGE}/content-types">{default}{listed}</Types>'
