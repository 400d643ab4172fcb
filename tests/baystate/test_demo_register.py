"""The demo's spreadsheet: as dirty as real ones, and the same every time."""

import io
import time
import zipfile

import pytest
from openpyxl import load_workbook

from baystate.demo import answers, register
from pipeline.spreadsheet import columns, reader, rows


def test_it_is_the_same_file_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    today = register.workbook()
    monkeypatch.setattr(time, "time", lambda: 1.9e9)
    assert register.workbook() == today
    assert b"modified" not in zipfile.ZipFile(io.BytesIO(today)).read("docProps/core.xml")


def test_it_stores_skus_in_four_ways() -> None:
    sheet = load_workbook(io.BytesIO(register.workbook())).active
    assert sheet is not None
    stored = {str(cell.value).strip(): (cell.data_type, cell.number_format) for cell in sheet["A"]}
    assert stored["71843101308"] == ("n", "000000000000")
    assert stored["850041300108"] == ("n", "General")
    assert stored["071843104156"] == ("s", "@")
    assert stored["850041300160"] == ("s", "General")


def test_it_reads_as_the_products_of_the_answer_key_and_one_of_them_twice() -> None:
    table = columns.find(reader.sheets(register.workbook(), "register.xlsx"))
    wishes = [rows.read(row, table.header) for row in table.rows]
    assert table.header.row == 4
    assert not [wish for wish in wishes if wish.is_wrong]
    assert list(dict.fromkeys(wish.sku for wish in wishes)) == list(answers.key())
    assert len(wishes) == 61
