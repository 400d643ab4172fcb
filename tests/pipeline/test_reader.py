"""Files of every kind become cells, or are refused with a sentence."""

from __future__ import annotations

import struct
from datetime import datetime
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile

import pytest
from openpyxl import Workbook

from pipeline.spreadsheet import reader, workbook
from pipeline.spreadsheet.cells import Limits, RefusedError, Row, letter, reference
from tests import sheets

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def rows(content: bytes, filename: str = "feed.xlsx", limits: Limits | None = None) -> list[Row]:
    return [row for sheet in reader.sheets(content, filename, limits or Limits()) for row in sheet.rows]


def values(content: bytes, filename: str = "feed.csv") -> list[list[object]]:
    return [[cell.value for cell in row.cells] for row in rows(content, filename)]


def refusal(content: bytes, filename: str, limits: Limits | None = None) -> str:
    with pytest.raises(RefusedError) as caught:
        rows(content, filename, limits)
    return str(caught.value)


def test_it_reads_a_workbook_with_its_number_formats_and_row_numbers() -> None:
    content = sheets.xlsx([["SKU"], [], [42], ["A1"], [datetime(2026, 3, 10)]], formats={"A3": "00000"})  # noqa: DTZ001
    read = rows(content)
    assert [row.number for row in read] == [1, 3, 4, 5]
    assert (read[1].cells[0].value, read[1].cells[0].number_format) == (42, "00000")
    assert isinstance(read[3].cells[0].value, datetime)


def test_it_reads_a_number_that_was_saved_with_an_exponent() -> None:
    content = sheets.parts('<row r="1"><c r="A1"><v>7.27E+10</v></c></row>')
    assert rows(content)[0].cells[0].value == 72_700_000_000.0


def test_it_marks_error_values_as_broken() -> None:
    content = sheets.parts('<row r="1"><c r="A1" t="e"><v>#N/A</v></c></row>')
    assert rows(content)[0].cells[0] == ("#N/A", "General", True)


def test_a_formula_without_a_saved_result_is_broken_and_not_blank() -> None:
    content = sheets.xlsx([["SKU"], ["=1+1"], ["A"], [None]])
    assert [row.cells[0] for row in rows(content)[1:]] == [
        (workbook.UNSOLVED, "General", True),
        ("A", "General", False),
    ]


def test_a_formula_with_a_saved_result_is_its_result() -> None:
    cells = '<c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>""</f><v></v></c><c r="C1"><v>3</v></c>'
    content = sheets.parts(f'<row r="1">{cells}</row>')
    assert [cell.value for cell in rows(content)[0].cells] == [2, None, 3]


def test_it_reads_shared_strings() -> None:
    content = sheets.parts('<row r="1"><c r="A1" t="s"><v>1</v></c></row>', strings="<si/><si><t>SKU</t></si>")
    assert rows(content)[0].cells[0].value == "SKU"


def test_it_unescapes_what_excel_wrote_as_a_code() -> None:
    content = sheets.parts(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a_x000D_b_x0041_c_x005F_x000D_</t></is></c></row>'
    )
    assert rows(content)[0].cells[0].value == "a\rb_x0041_c_x000D_"


def test_it_guesses_how_many_rows_there_are() -> None:
    workbook = next(reader.sheets(sheets.xlsx([["SKU"]] * 7), "feed.xlsx"))
    text = next(reader.sheets(b"SKU\n" * 7, "feed.csv"))
    assert (workbook.expected, text.expected) == (7, 7)


def test_a_workbook_saved_as_strict_gets_a_sentence() -> None:
    names = {sheets.MAIN.encode(): b"http://purl.oclc.org/ooxml/spreadsheetml/main"}
    assert refusal(sheets.renamed(sheets.xlsx([["SKU", "NAME"]]), names), "feed.xlsx") == workbook.STRICT


def test_it_skips_hidden_sheets() -> None:
    book = Workbook()
    assert book.active is not None
    book.active.sheet_state = "hidden"
    book.active["A1"] = "secret"
    book.create_sheet("Feed")["A1"] = "SKU"
    assert [row.cells[0].value for row in rows(sheets.saved(book))] == ["SKU"]


def test_it_ignores_a_wrong_dimension() -> None:
    sheet = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row><row r="2"><c r="A2"><v>3</v></c></row>'
    content = sheets.parts(sheet, before='<dimension ref="A1:A1"/>')
    assert [len(row.cells) for row in rows(content)] == [2, 1]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_it_reads_text_in_its_delimiter_and_encoding(delimiter: str, encoding: str) -> None:
    table = [["SKU", "NAME", "PRICE"], ["007", "Café, crème; “brûlée”", "1"], ["008", "Plain", "2"]]
    assert values(sheets.text(table, delimiter=delimiter, encoding=encoding)) == table


def test_it_prefers_the_even_delimiter_to_the_frequent_one() -> None:
    content = b"SKU;NAME;PRICE\n1;a, b, c, d, e;12,50\n2;f, g;3\n3;h;4\n"
    assert values(content)[1] == ["1", "a, b, c, d, e", "12,50"]


def test_it_obeys_a_line_that_names_the_delimiter() -> None:
    assert values(b"sep=;\r\nSKU;NAME\r\n1;a\r\n") == [["SKU", "NAME"], ["1", "a"]]


def test_it_takes_a_code_out_of_a_text_formula() -> None:
    assert values(b'SKU,NAME\n="0042",a\n')[1] == ["0042", "a"]


def test_it_takes_off_the_apostrophe_that_our_own_export_put_before_a_formula() -> None:
    read = values("SKU,NAME\n'=1,'-a\n''+1,'＝a\n1,'TIS\n".encode())
    assert read[1:] == [["=1", "-a"], ["'+1", "＝a"], ["1", "'TIS"]]


def test_it_counts_blank_lines_of_text_as_rows() -> None:
    assert [row.number for row in rows(b"SKU,NAME\n\n1,a\n", "feed.csv")] == [1, 3]


def test_it_keeps_line_breaks_inside_quotes() -> None:
    assert values(b'SKU,NAME\n1,"two\nlines"\n2,b\n') == [["SKU", "NAME"], ["1", "two\nlines"], ["2", "b"]]


def test_a_quotation_mark_that_never_closes_is_refused_with_its_row() -> None:
    content = b'SKU,NAME\n1,a\n2,"b\n3,c\n4,d\n'
    assert "Row 3 opens a quotation mark" in refusal(content, "feed.csv")


def test_a_password_protected_workbook_is_refused() -> None:
    content = COMPOUND + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 512
    assert refusal(content, "feed.xlsx") == workbook.LOCKED


def test_a_workbook_in_an_encrypted_archive_is_refused() -> None:
    content = bytearray(sheets.xlsx([["SKU"]]))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        content[start + offset] |= 1
    assert refusal(bytes(content), "feed.xlsx") == workbook.LOCKED


@pytest.mark.parametrize(
    ("content", "filename"),
    [
        (COMPOUND + b"\0" * 600, "feed.xls"),
        (COMPOUND + b"\0" * 600, "feed.xlsx"),
        (b"SKU\tNAME\n", "feed.xls"),
        (b"<html><table></table></html>", "feed.xls"),
        (b"PK\x03\x04", "feed.ods"),
    ],
)
def test_other_spreadsheet_formats_are_told_to_save_as_xlsx(content: bytes, filename: str) -> None:
    if content == b"PK\x03\x04":
        content = archive({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"})
    assert "save it as .xlsx" in refusal(content, filename)


@pytest.mark.parametrize(
    ("content", "filename", "said"),
    [
        (b"SKU,NAME\n1,a\n", "feed.xlsx", "plain text"),
        (sheets.xlsx([["SKU"]]), "feed.csv", "an Excel workbook"),
        (b"%PDF-1.7\n", "feed.csv", "a PDF document"),
        (b"<!DOCTYPE html><table>", "feed.csv", "a web page"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "feed.csv", "neither text nor a workbook"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "feed.xlsx", "damaged"),
        (b"SKU,NAME\n", "feed.pdf", "Only .xlsx and .csv"),
        (b"  \n", "feed.csv", "empty"),
    ],
)
def test_a_renamed_file_is_refused_by_what_it_is(content: bytes, filename: str, said: str) -> None:
    assert said in refusal(content, filename)


def test_an_archive_of_other_things_is_refused() -> None:
    assert "a zip archive" in refusal(archive({"letter.txt": b"hello"}), "feed.xlsx")


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_truncated_workbook_is_refused(kept: float) -> None:
    content = sheets.xlsx([[f"SKU-{number}", "name"] for number in range(200)])
    assert refusal(content[: int(len(content) * kept)], "feed.xlsx") == workbook.CORRUPT


@pytest.mark.parametrize(
    "sheet",
    [
        '<row r="1"><c r="A1"><v>1</v>',
        '<row r="1"><c r="A1" t="s"><v>7</v></c></row>',
        '<row r="x"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>one</v></c></row>',
        '<row r="1"><c r="A1" s="99"><v>1</v></c></row>',
        '<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>',
    ],
)
def test_a_damaged_sheet_is_refused(sheet: str) -> None:
    assert refusal(sheets.parts(sheet), "feed.xlsx") == workbook.CORRUPT


def test_a_flipped_byte_is_refused() -> None:
    content = bytearray(sheets.parts('<row r="1"><c r="A1"><v>1</v></c></row>'))
    content[content.find(b"xl/worksheets/sheet1.xml") + 40] ^= 0xFF
    assert refusal(bytes(content), "feed.xlsx") == workbook.CORRUPT


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_inspect_part", pytest.fail)
    content = bytearray(sheets.xlsx([["SKU"]]))
    place = content.rfind(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", workbook.MAX_UNPACKED + 1)
    assert refusal(bytes(content), "feed.xlsx") == workbook.BOMB


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    content = bytearray(sheets.parts("<row><c><v>1</v></c></row>" * 5_000))
    place = content.find(b"xl/worksheets/sheet1.xml", content.find(b"PK\x01\x02")) - 46
    content[place + 24 : place + 28] = struct.pack("<I", 200)
    assert refusal(bytes(content), "feed.xlsx") == workbook.CORRUPT


def test_a_bomb_in_one_endless_row_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_ROW_BYTES", 300_000)
    assert refusal(sheets.parts(f"<row>{'<c/>' * 150_000}</row>"), "feed.xlsx") == workbook.BOMB
    assert rows(sheets.parts("<row><c/></row>" * 40_000)) == []


def test_a_bomb_of_shared_strings_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_STRING_COUNT", 1_000)
    assert refusal(sheets.parts("", strings="<si/>" * 1_001), "feed.xlsx") == workbook.BOMB


def test_a_bomb_in_any_other_part_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_OTHER_PART", 10_000)
    assert refusal(sheets.parts("", more={"docProps/custom.xml": b" " * 10_001}), "feed.xlsx") == workbook.BOMB


def test_a_bomb_of_entities_is_refused() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    document = f'<!DOCTYPE a [<!ENTITY l0 "ha">{entities}]><worksheet><sheetData>&l11;</sheetData></worksheet>'
    content = archive_with(sheets.parts(""), "xl/worksheets/sheet1.xml", document.encode())
    assert refusal(content, "feed.xlsx") == workbook.CORRUPT


def test_a_file_over_the_limits_is_refused() -> None:
    content = sheets.text([["SKU", "NAME"], *([str(number), "a"] for number in range(11))])
    assert "more than 10 rows" in refusal(content, "feed.csv", Limits(rows=10))
    assert len(rows(content, "feed.csv", Limits(rows=11))) == 12
    assert "larger than 1 MB" in refusal(b"a" * (1024 * 1024 + 1), "feed.csv", Limits(size=1024 * 1024))
    assert "more than 500 columns" in refusal(sheets.text([["a"] * 501]), "feed.csv")


def test_it_names_cells_as_spreadsheet_programs_do() -> None:
    assert [letter(column) for column in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert reference(12, 2) == "C12"


def archive(files: dict[str, bytes]) -> bytes:
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_STORED) as written:
        for name, content in files.items():
            written.writestr(name, content)
    return stream.getvalue()


def archive_with(content: bytes, name: str, replacement: bytes) -> bytes:
    with ZipFile(BytesIO(content)) as source:
        files = {part: source.read(part) for part in source.namelist()}
    return archive({**files, name: replacement})
