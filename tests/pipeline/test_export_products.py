from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from pipeline.models import Product, ProductEvent
from tests import make

pytestmark = pytest.mark.django_db


def test_it_writes_what_is_approved_and_says_how_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make.product("A", stage="approved")
    make.product("B", stage="published")
    file = tmp_path / "shop.csv"
    call_command("export_products", str(file))
    assert [line.split(",")[0] for line in file.read_text().splitlines()] == ["SKU", "A"]
    assert "1 product exported" in capsys.readouterr().out
    assert Product.objects.get(sku="A").stage == "published"


def test_published_products_leave_again_when_asked(tmp_path: Path) -> None:
    make.product("A", stage="approved")
    make.product("B", stage="published")
    call_command("export_products", str(tmp_path / "shop.csv"), "--stage", "both")
    assert len((tmp_path / "shop.csv").read_text().splitlines()) == 3


def test_it_takes_only_the_skus_named(tmp_path: Path) -> None:
    make.product("A", stage="approved")
    make.product("B", stage="approved")
    call_command("export_products", str(tmp_path / "shop.xlsx"), "--sku", "B")
    assert list(Product.objects.filter(stage="published").values_list("sku", flat=True)) == ["B"]


def test_the_history_names_the_user(tmp_path: Path) -> None:
    make.product("A", stage="approved")
    call_command("export_products", str(tmp_path / "shop.csv"), "--user", make.staff().username)
    assert ProductEvent.objects.get().by == User.objects.get()


def test_it_refuses_in_sentences(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"must end in \.csv or \.xlsx"):
        call_command("export_products", str(tmp_path / "shop.pdf"))
    with pytest.raises(CommandError, match="nothing to export"):
        call_command("export_products", str(tmp_path / "shop.csv"))
    with pytest.raises(CommandError, match="no product X, Y"):
        call_command("export_products", str(tmp_path / "shop.csv"), "--sku", "Y", "--sku", "X")
    with pytest.raises(CommandError, match="no user called nobody"):
        call_command("export_products", str(tmp_path / "shop.csv"), "--user", "nobody")
