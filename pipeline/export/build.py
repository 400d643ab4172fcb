"""Builds an export: what may leave is written into a file that is kept, and approved products become published."""

import uuid
from collections.abc import Iterator
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import Case, F, QuerySet, When
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from pipeline.export import files
from pipeline.export.files import Format
from pipeline.export.rows import TITLES, Listing, Row, row
from pipeline.locks import in_sku_order
from pipeline.models import ExportState, Product, ProductEvent, ProductExport
from pipeline.stages import Stage

MAY_LEAVE = (Stage.APPROVED, Stage.PUBLISHED)
PAGE = 500
MOVED = Case(When(stage=Stage.APPROVED, then=1), default=0)


class Sent(NamedTuple):
    """A product as the file has it."""

    sku: str
    version: int


def ask(products: "QuerySet[Product]", *, form: Format, by: User | None) -> ProductExport | None:
    """Note that those of `products` that are approved or published shall leave, in their order; None if none are."""
    chosen = list(products.filter(stage__in=MAY_LEAVE).values_list("pk", flat=True))
    if not chosen:
        return None
    return ProductExport.objects.create(format=form, products=chosen, count=len(chosen), created_by=by)


def build(export_id: uuid.UUID) -> bool:
    """Write the file of an export that was asked for. False when it is built already or somebody else is at it.

    Runs inside the caller's transaction. Products are read without locks and locked at the end, when one that was
    changed meanwhile is not marked: it stays approved and can be exported as it is now.
    """
    waiting = ProductExport.objects.filter(pk=export_id, state=ExportState.BUILDING)
    export = waiting.select_for_update(skip_locked=True, no_key=True).first()
    if export is None:
        return False
    sent: dict[uuid.UUID, Sent] = {}
    content = files.write(Format(export.format), TITLES, _rows(export.products, sent))
    if not sent:
        fail(export_id, _("None of the products is approved or published any more."))
        return True
    _publish(export, sent)
    export.content, export.count, export.state, export.ready_at = content, len(sent), ExportState.READY, Now()
    export.save(update_fields=["content", "count", "state", "ready_at"])
    return True


def fail(export_id: uuid.UUID, problem: str) -> None:
    """Say why there is no file; the products stay as they are."""
    waiting = ProductExport.objects.filter(pk=export_id, state=ExportState.BUILDING)
    waiting.update(state=ExportState.FAILED, problem=problem, count=0)


def _rows(chosen: list[uuid.UUID], sent: dict[uuid.UUID, Sent]) -> Iterator[Row]:
    """The rows in the order chosen, a page at a time; each product that left is noted in `sent`."""
    leaving = Product.objects.filter(stage__in=MAY_LEAVE).defer("sources")
    for start in range(0, len(chosen), PAGE):
        page = chosen[start : start + PAGE]
        found = leaving.in_bulk(page)
        for product in (found[pk] for pk in page if pk in found):
            sent[product.pk] = Sent(product.sku, product.version)
            yield row(Listing(product.sku, product.register_name, product.target_price, product.consolidated))


def _publish(export: ProductExport, sent: dict[uuid.UUID, Sent]) -> None:
    in_order = sorted(sent, key=lambda pk: sent[pk].sku)
    for start in range(0, len(in_order), PAGE):
        page = in_order[start : start + PAGE]
        locked = in_sku_order(Product.objects.filter(pk__in=page, stage__in=MAY_LEAVE)).only("version", "stage")
        unchanged = [product for product in locked if product.version == sent[product.pk].version]
        Product.objects.filter(pk__in=[product.pk for product in unchanged]).update(
            version=F("version") + MOVED, stage=Stage.PUBLISHED, exported_at=Now(), updated_at=Now()
        )
        ProductEvent.objects.bulk_create(_event(export, product) for product in unchanged)


def _event(export: ProductExport, product: Product) -> ProductEvent:
    return ProductEvent(
        product=product,
        by_id=export.created_by_id,
        actor=f"export {export.pk}",
        field="stage",
        old=product.stage,
        new=Stage.PUBLISHED,
    )
