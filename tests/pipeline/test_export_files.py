import csv
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.cell import Cell

from pipeline.export.files import LONGEST_CELL, Format, neutralised, write
from pipeline.export.rows import Row


def in_csv(*row: str | Decimal | None) -> list[str]:
    text = write(Format.CSV, ["a"] * len(row), [list(row)]).decode()
    return list(csv.reader(StringIO(text, newline="")))[1]


def in_xlsx(*row: str | Decimal | None) -> list[Cell]:
    sheet = load_workbook(BytesIO(write(Format.XLSX, ["a"] * len(row), [list(row)])))["Products"]
    return [cell for cell in list(sheet.iter_rows())[1] if isinstance(cell, Cell)]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "'=1"])
def test_formula_injection_is_neutralised_in_csv(text: str) -> None:
    assert in_csv(text, "kept") == [f"'{text}", "kept"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "#N/A", '=HYPERLINK("http://x.test")'])
def test_formula_injection_is_only_text_in_xlsx(text: str) -> None:
    (cell,) = in_xlsx(text)
    assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)


@given(st.text(alphabet="'=+-@ a1"))
def test_taking_one_apostrophe_off_gives_back_the_text(text: str) -> None:
    out = neutralised(text)
    assert out == text or (out[0] == "'" and out[1:] == text)


@pytest.mark.parametrize("text", ["plain", "O'Neil", "'tis", "1-2", "a=b", ""])
def test_it_leaves_plain_text_alone(text: str) -> None:
    assert neutralised(text) == text


def test_codes_keep_their_zeros() -> None:
    assert in_csv("00070", "072705115310") == ["00070", "072705115310"]
    code = in_xlsx("00070")[0]
    assert (code.value, code.data_type, code.number_format) == ("00070", "s", "@")


def test_prices_are_numbers_in_xlsx_and_exact_in_csv() -> None:
    assert in_csv(Decimal("10.00"), None) == ["10.00", ""]
    price = in_xlsx(Decimal("10.00"), "x")[0]
    assert (price.value, price.data_type, price.number_format) == (10, "n", "0.00")


def test_a_blank_cell_keeps_the_others_in_their_columns() -> None:
    assert [cell.value for cell in in_xlsx("a", None, "c")] == ["a", None, "c"]


def test_it_is_utf_8_without_a_mark() -> None:
    assert write(Format.CSV, ["SKU"], [["Crème brûlée 猫"]]) == "SKU\r\nCrème brûlée 猫\r\n".encode()


def test_lines_and_quotes_survive_in_csv() -> None:
    assert in_csv('5" pot', "two\nlines, one cell") == ['5" pot', "two\nlines, one cell"]


def test_a_workbook_can_hold_whatever_was_stored() -> None:
    row: Row = ["bell\x07", "lone \ud800", "_x0041_", "x" * (LONGEST_CELL + 1)]
    values = [str(cell.value) for cell in in_xlsx(*row)]
    assert values[:3] == ["bell", "lone ?", "_x005F_x0041_"]
    assert values[3] == "x" * (LONGEST_CELL - 1) + "…"
