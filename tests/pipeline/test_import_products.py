"""The command plans and applies by the same code as the admin's pages."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from pipeline.models import Product, ProductEvent, ProductImport
from tests import make, sheets
from tests.sheets import HEADER

pytestmark = pytest.mark.django_db

ROWS = [["0042", "ACME", "1"], ["1", "BOWL", "call us"]]


def run(file: Path, **options: object) -> str:
    out = StringIO()
    call_command("import_products", file, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    file = tmp_path / "feed.csv"
    file.write_bytes(sheets.text([HEADER, *ROWS]))
    return file


def test_it_imports_good_rows_and_lists_bad_ones(feed: Path) -> None:
    said = run(feed)
    assert Product.objects.get().sku == "0042"
    assert "feed.csv: 1 create, 0 update, 0 same, 0 skip, 1 error" in said
    assert "error C3: “call us” is not one price." in said
    assert "1 created, 0 updated, 0 set aside" in said


def test_a_dry_run_says_the_same_and_changes_nothing(feed: Path) -> None:
    said = run(feed, dry_run=True)
    assert "1 create" in said
    assert "error C3" in said
    assert not Product.objects.exists()
    assert not ProductImport.objects.exists()


def test_it_writes_a_user_into_the_history(feed: Path) -> None:
    ann = make.staff(name="ann")
    run(feed, user="ann")
    assert ProductEvent.objects.get().by == ann


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("feed.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
        ("feed.csv", b"a,b\n1,2\n", "No header row"),
        ("missing.csv", None, "No such file"),
    ],
)
def test_a_file_it_cannot_read_is_one_sentence(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CommandError, match=said):
        run(tmp_path / name)


def test_an_unknown_user_is_one_sentence(feed: Path) -> None:
    with pytest.raises(CommandError, match="no user called bob"):
        run(feed, user="bob")
    assert not ProductImport.objects.exists()
