"""What leaves as an export comes back as nothing new, and zeros survive the whole way."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.export import files, rows
from pipeline.models import Product
from pipeline.spreadsheet import apply, plan, work
from tests import make, sheets

pytestmark = pytest.mark.django_db

NASTY = [
    ("007", "PLAIN", "1234.50"),
    ("5E12", "=1+1", "0"),
    ("MAR-10", "'=1+1", None),
    ("-1 x", "'TIS “GOOD”, SAYS; CAFÉ", "72.99"),
    ("@a", "＝1", "1"),
    ("1234567890123456", "_x0041_ _x005F_", "99999.99"),
    ("ab  12", "+5 OFF", "3"),
    ("00.10", "3/10", "3"),
]


@pytest.mark.parametrize("form", files.Format)
def test_our_own_export_imported_again_is_all_the_same(form: files.Format) -> None:
    for sku, name, price in NASTY:
        make.product(sku, register_name=name, target_price=price)
    record: dict[str, Any] = {
        "name": {"value": "=Nice name"},
        "images": {"value": ["https://a.test/1.jpg", "https://a.test/2.jpg"]},
    }
    listings = [
        rows.Listing(product.sku, product.register_name, product.target_price, record)
        for product in Product.objects.all()
    ]
    content = files.write(form, rows.TITLES, [rows.row(listing) for listing in listings])
    upload = plan.receive(content, file_name=f"export.{form}", by=None)
    work.plan_upload(upload.pk)
    assert list(upload.rows.exclude(action="same").values("sku", "action", "problems", "current")) == []
    assert upload.rows.count() == len(NASTY)


def test_leading_zeros_that_only_a_number_format_shows_reach_the_product() -> None:
    table: list[list[Any]] = [["SKU", "NAME", "PRICE"], [7_270_000_012, "FEED", 72.98999999999999]]
    content = sheets.xlsx(table, formats={"A2": "000000000000"})
    upload = plan.receive(content, file_name="feed.xlsx", by=None)
    work.plan_upload(upload.pk)
    apply.confirm(upload.pk, by=None)
    work.apply_upload(upload.pk)
    product = Product.objects.get()
    assert (product.sku, str(product.target_price)) == ("007270000012", "72.99")
