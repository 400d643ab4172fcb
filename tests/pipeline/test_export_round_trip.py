"""What we send out comes back as it was: an export imported again changes nothing."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export import build, waiting
from pipeline.export.files import Format, write
from pipeline.export.rows import TITLES, Listing, row
from pipeline.models import Product, ProductImport
from pipeline.spreadsheet import cleaning, columns, plan, reader, rows, work
from pipeline.spreadsheet.cells import Cell
from tests import make

HOSTILE = [
    "=1+1", "'=1+1", "''=1", "-5 GAL BUCKET", "+PLUS", "@HOME", "＝FULL WIDTH", "'TIS", "#N/A CABLE", "_x0041_ BOLT",
    '5" POT, "ROUND"', "a;b c", "007", "1E5", "TRUE", "café ☕", "_x005F_", "<b>&amp;</b>",
]  # fmt: skip


def _storable(rule: Callable[[Cell], Any], text: str) -> str:
    """What an import would have made of this text, empty if nothing."""
    try:
        read = rule(Cell(text))
    except cleaning.UnreadableError:
        return ""
    return read if isinstance(read, str) else str(read.value)


TEXT = st.text(st.sampled_from("'=+-@＝x0_5FaA1 \"\t,;"), max_size=12) | st.text(max_size=12) | st.sampled_from(HOSTILE)
SKUS = TEXT.map(partial(_storable, cleaning.sku)).filter(bool)
NAMES = TEXT.map(partial(_storable, cleaning.name)).filter(bool)
PRICES = st.none() | st.decimals(0, 10**9, places=2)


@settings(max_examples=60, deadline=None)
@given(form=st.sampled_from(Format), sku=SKUS, name=NAMES, price=PRICES, words=TEXT)
def test_sku_name_and_price_survive_any_text(
    form: Format, sku: str, name: str, price: Decimal | None, words: str
) -> None:
    record = {"name": {"value": words}, "gtin": {"value": words}}
    wish = _read_again(form, write(form, TITLES, [row(Listing(sku, name, price, record))]))
    assert (wish.sku, wish.register_name, wish.target_price) == (sku, name, price)
    assert not wish.is_wrong


@pytest.mark.django_db
@pytest.mark.parametrize("form", list(Format))
def test_importing_our_own_export_plans_only_same(form: Format) -> None:
    for number, name in enumerate(HOSTILE):
        make.product(f"{name}-{number}"[:40], register_name=name, target_price=number or None, stage="approved")
    export = build.ask(Product.objects.all(), form=form, by=None)
    assert export is not None
    waiting.work_on(export.pk)
    export.refresh_from_db()
    upload = plan.receive(bytes(export.content or b""), file_name=f"export.{form}", by=None)
    work.plan_upload(upload.pk)
    counts = ProductImport.objects.get(pk=upload.pk).counts
    assert {action: count for action, count in counts.items() if count} == {"same": len(HOSTILE)}


def _read_again(form: Format, content: bytes) -> rows.Wish:
    table = columns.find(reader.sheets(content, f"export.{form}"))
    (wish,) = [rows.read(found, table.header) for found in table.rows]
    return wish
