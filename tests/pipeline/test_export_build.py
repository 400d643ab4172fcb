import csv
from decimal import Decimal
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pipeline.export import build, files, waiting
from pipeline.export.files import Format
from pipeline.models import Product, ProductEvent, ProductExport
from tests import make

pytestmark = pytest.mark.django_db


def ask(**filters: Any) -> ProductExport:
    export = build.ask(Product.objects.filter(**filters), form=Format.CSV, by=None)
    assert export is not None
    return export


def built(export: ProductExport) -> list[dict[str, str]]:
    """The rows of the file, once it is there."""
    waiting.work_on(export.pk)
    export.refresh_from_db()
    return list(csv.DictReader(StringIO(bytes(export.content or b"").decode(), newline="")))


def test_approved_products_leave_and_become_published() -> None:
    product = make.product("007", stage="approved", consolidated={"name": {"value": "Rope"}})
    export = ask()
    (row,) = built(export)
    assert (row["SKU"], row["Product name"], row["Target price"]) == ("007", "Rope", "9.99")
    version = product.version
    product.refresh_from_db()
    assert (product.stage, product.version) == ("published", version + 1)
    assert product.exported_at is not None
    assert (export.state, export.count) == ("ready", 1)


def test_only_approved_and_published_products_leave() -> None:
    for stage in ("imported", "enhanced", "consolidated", "approved", "published", "rejected"):
        make.product(stage, stage=stage)
    assert [row["SKU"] for row in built(ask())] == ["approved", "published"]
    assert Product.objects.get(sku="consolidated").stage == "consolidated"


def test_nothing_is_asked_for_when_nothing_may_leave() -> None:
    make.product("A", stage="enhanced")
    assert build.ask(Product.objects.all(), form=Format.CSV, by=None) is None


def test_rows_keep_the_order_of_the_list_across_pages() -> None:
    skus = [f"{number:03}" for number in range(7)]
    for sku in skus[::-1]:
        make.product(sku, stage="approved")
    with patch.object(build, "PAGE", 3):
        export = build.ask(Product.objects.order_by("sku"), form=Format.CSV, by=None)
        assert export is not None
        assert [row["SKU"] for row in built(export)] == skus
    assert Product.objects.filter(stage="published").count() == 7


def test_published_products_may_leave_again() -> None:
    make.product("A", stage="approved")
    assert built(ask()) == built(ask())


def test_building_twice_builds_once() -> None:
    make.product("A", stage="approved")
    export = ask()
    built(export)
    assert not build.build(export.pk)
    assert ProductEvent.objects.filter(field="stage", new="published").count() == 1


def test_a_product_changed_meanwhile_stays_approved() -> None:
    product = make.product("A", stage="approved")
    make.product("B", stage="approved")
    write = files.write

    def change_then_write(*arguments: Any) -> bytes:
        content = write(*arguments)
        Product.objects.filter(pk=product.pk).update(target_price=Decimal(1), version=product.version + 1)
        return content

    with patch.object(files, "write", change_then_write):
        built(ask())
    stages = dict(Product.objects.values_list("sku", "stage"))
    assert stages == {"A": "approved", "B": "published"}


def test_an_export_of_which_nothing_is_left_says_so() -> None:
    make.product("A", stage="approved")
    export = ask()
    Product.objects.update(stage="consolidated")
    assert built(export) == []
    assert (export.state, export.count) == ("failed", 0)
    assert "approved" in export.problem


def test_our_own_fault_is_a_sentence_and_moves_nothing() -> None:
    make.product("A", stage="approved")
    export = ask()
    with patch.object(files, "write", side_effect=ValueError("secret detail")):
        built(export)
    assert export.state == "failed"
    assert "secret" not in export.problem
    assert Product.objects.get().stage == "approved"


def test_the_history_says_which_export_took_it_along() -> None:
    make.product("A", stage="approved")
    user = make.staff()
    export = build.ask(Product.objects.all(), form=Format.XLSX, by=user)
    assert export is not None
    waiting.work_on(export.pk)
    event = ProductEvent.objects.get()
    assert (event.by, event.old, event.new, event.actor) == (user, "approved", "published", f"export {export.pk}")


def test_the_number_of_queries_grows_by_page_and_not_by_product() -> None:
    def queries(count: int) -> int:
        Product.objects.bulk_create(Product(sku=f"{count}-{n}", register_name="x") for n in range(count))
        Product.objects.filter(stage="imported").update(stage="consolidated")
        Product.objects.filter(stage="consolidated").update(stage="approved")
        export = ask(stage="approved")
        with CaptureQueriesContext(connection) as captured:
            build.build(export.pk)
        return len(captured)

    assert queries(5) == queries(50)


def test_a_lost_nudge_is_found_again() -> None:
    make.product("A", stage="approved")
    export = ask()
    assert waiting.abandoned() == []
    ProductExport.objects.update(created_at="2026-01-01T00:00:00Z")
    assert waiting.abandoned() == [export.pk]
