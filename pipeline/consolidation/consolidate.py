"""Brings a product's record up to date with its sources. Locks and settled products are left alone.

Runs inside the caller's transaction, one product each. Nothing is done while an open job holds the SKU: its next result
would only make the record stale again.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db.models import Exists, Func, OuterRef, QuerySet, TextField
from django.utils import timezone

from pipeline.consolidation import evidence, rules
from pipeline.locks import in_sku_order
from pipeline.models import Product, ProductEvent
from pipeline.stages import Stage
from scraping.models import ScrapeJob, Scraper
from scraping.states import OPEN

ACTOR = "consolidation"


class Result(StrEnum):
    """What became of one product."""

    DONE = "done"
    BUSY = "busy"
    SETTLED = "settled"
    UNKNOWN = "unknown"
    GONE = "gone"
    FAILED = "failed"


def consolidate(
    product_id: UUID, *, by: User | None = None, by_hand: bool = False, now: datetime | None = None
) -> Result:
    """Decide the record anew and move an imported or enhanced product to consolidated; the row is locked.

    `BUSY`: an open job holds the SKU, nothing was done. `SETTLED`: approved, published or rejected; only the mark went.
    `UNKNOWN`: imported and no source says anything; it stays there unless it is completed `by_hand`.
    """
    product = in_sku_order(Product.objects.filter(pk=product_id)).first()
    if product is None:
        return Result.GONE
    if not product.is_settled and held([product.sku]):
        return Result.BUSY
    if product.is_settled or (
        product.stage == Stage.IMPORTED and not by_hand and not evidence.any_for(product.sources)
    ):
        Product.objects.filter(pk=product.pk, stale=True).update(stale=False)
        return Result.SETTLED if product.is_settled else Result.UNKNOWN
    _write(product, by=by, now=now or timezone.now())
    return Result.DONE


def decided(product: Product, kept: rules.Record, *, now: datetime) -> dict[str, rules.Entry]:
    """The record of `product` if the fields of `kept` that are locked stay and the rules decide all others."""
    trust = dict(Scraper.objects.values_list("slug", "trust"))
    decisions = rules.golden_record(product.sources, trust=trust, register_name=product.register_name)
    return rules.settle(decisions, kept, at=now.isoformat())


def stale() -> "QuerySet[Product]":
    """The products to be consolidated that no open job holds, by arrival."""
    sku = Func(OuterRef("sku"), template="ARRAY[%(expressions)s]", output_field=ArrayField(TextField()))
    return Product.objects.filter(~Exists(_open_jobs().filter(skus__contains=sku)), stale=True)


def held(skus: list[str]) -> set[str]:
    """Those of `skus` that an open job holds."""
    jobs = _open_jobs().filter(skus__overlap=skus).values_list("skus", flat=True)
    return {sku for job in jobs for sku in job}.intersection(skus)


def _open_jobs() -> "QuerySet[ScrapeJob]":
    return ScrapeJob.objects.filter(status__in=OPEN, test_mode=False)


def _write(product: Product, *, by: User | None, now: datetime) -> None:
    record = decided(product, product.consolidated, now=now)
    moves = product.stage != Stage.CONSOLIDATED
    old, new = changed(product.consolidated, record)
    Product.objects.filter(pk=product.pk).update(
        consolidated=record,
        stage=Stage.CONSOLIDATED,
        stale=False,
        trouble="",
        version=product.version + (moves or record != product.consolidated),
        updated_at=now,
    )
    event = {"product": product, "by": by, "actor": "" if by else ACTOR}
    events = [ProductEvent(**event, field="record", old=old, new=new)] if old != new else []
    if moves:
        events.append(ProductEvent(**event, field="stage", old=product.stage, new=Stage.CONSOLIDATED))
    ProductEvent.objects.bulk_create(events)


def changed(before: rules.Record, after: rules.Record) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The values before and after of the fields whose value differs."""
    values = [{field: entry.get("value") for field, entry in record.items()} for record in (before, after)]
    fields = [field for field in {**values[0], **values[1]} if values[0].get(field) != values[1].get(field)]
    old, new = ({field: side.get(field) for field in fields} for side in values)
    return old, new
