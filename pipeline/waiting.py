"""Who waits for review, in order of arrival. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from pipeline.consolidation import complete
from pipeline.models import Product
from pipeline.stages import Stage

BEFORE, AFTER = 4, 12


@dataclass(frozen=True, slots=True)
class Waiting:
    """One of the queue: how many conflicts it has, and how many things it needs."""

    pk: UUID
    sku: str
    name: str
    conflicts: int
    needs: int


@dataclass(frozen=True, slots=True)
class Queue:
    """The neighbourhood of one product; `position` is None while it is not itself waiting."""

    position: int | None
    total: int
    shown: Sequence[Waiting]
    previous: UUID | None
    next: UUID | None


def around(product: Product) -> Queue:
    """The queue as seen from `product`."""
    waiting = _waiting()
    earlier, later = waiting.filter(arrival__lt=product.arrival), waiting.filter(arrival__gt=product.arrival)
    before, after = list(earlier.order_by("-arrival")[:BEFORE])[::-1], list(later[:AFTER])
    inside = product.stage == Stage.CONSOLIDATED
    return Queue(
        position=earlier.count() + 1 if inside else None,
        total=waiting.count(),
        shown=[_row(one) for one in (*before, *([product] if inside else []), *after)],
        previous=before[-1].pk if before else None,
        next=after[0].pk if after else None,
    )


def after(arrival: int) -> UUID | None:
    """The next to be reviewed after `arrival`; from the end it goes round to the first. None when nobody waits."""
    waiting = _waiting().values_list("pk", flat=True)
    return waiting.filter(arrival__gt=arrival).first() or waiting.first()


def first() -> UUID | None:
    return _waiting().values_list("pk", flat=True).first()


def _waiting() -> "QuerySet[Product]":
    return Product.objects.filter(stage=Stage.CONSOLIDATED).order_by("arrival").defer("sources")


def _row(product: Product) -> Waiting:
    record = product.consolidated
    return Waiting(
        pk=product.pk,
        sku=product.sku,
        name=product.value("name") or product.register_name,
        conflicts=len(complete.conflicts(record)),
        needs=len(complete.missing(record, product.target_price)),
    )
