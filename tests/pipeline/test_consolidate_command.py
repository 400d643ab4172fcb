"""The doors through which consolidation is asked for without a page."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from pipeline import tasks
from pipeline.models import Product
from pipeline.stages import Stage
from tests import make

pytestmark = pytest.mark.django_db
SOURCES = {"acme": {"name": "Gold Chicken"}}


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("consolidate", *arguments, stdout=said)
    return said.getvalue().strip()


def stages() -> dict[str, str]:
    return dict(Product.objects.values_list("sku", "stage"))


def test_it_takes_what_is_stale() -> None:
    make.product("A", sources=SOURCES, stale=True)
    make.product("B", sources=SOURCES)
    assert run() == "1 consolidated"
    assert stages() == {"A": Stage.CONSOLIDATED, "B": Stage.IMPORTED}
    assert run() == "Nothing waits to be consolidated."


def test_it_takes_the_skus_that_are_named() -> None:
    make.product("A", sources=SOURCES)
    make.product("B")
    assert run("A", "B") == "1 consolidated, 1 known to no source"
    assert run("--by-hand", "B") == "1 consolidated"


def test_it_takes_all_that_are_not_settled() -> None:
    make.product("A", sources=SOURCES)
    make.product("B", sources=SOURCES, stage="approved")
    assert run("--all") == "1 consolidated"


@pytest.mark.parametrize("arguments", [["A"], ["--by-hand"]])
def test_it_says_what_it_cannot_do(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)


def test_it_fails_when_a_product_does() -> None:
    make.product("A", sources={"acme": "no object"}, stale=True)
    with pytest.raises(CommandError):
        run()


def test_the_chore_takes_what_is_stale() -> None:
    make.product("A", sources=SOURCES, stale=True)
    tasks.consolidate_stale(timestamp=0)
    assert stages() == {"A": Stage.CONSOLIDATED}
