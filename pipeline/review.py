"""Staff decide: the only writer of approved values.

Every act locks the product's row, runs inside the caller's transaction and leaves an event. A field that somebody took,
typed or cleared is locked: no later scrape changes it. Approval locks the other fields too, for as long as it stands.
A save is refused only where a field I changed was changed by somebody since my page; new sources never refuse.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline import decisions, history, stages
from pipeline.consolidation import complete, consolidate
from pipeline.consolidation.complete import Need
from pipeline.consolidation.consolidate import Result
from pipeline.desk import Change, Desk
from pipeline.locks import in_sku_order
from pipeline.models import Product, ProductEvent
from pipeline.stages import Stage
from runners.protocol.fields import Field

NEEDS = {
    Need.NAME: gettext_lazy("a name that is not the till's"),
    Need.BRAND: gettext_lazy("a brand"),
    Need.PRICE: gettext_lazy("a price above 0"),
    Need.IMAGE: gettext_lazy("a picture"),
    Need.GTIN: gettext_lazy("a decision on the GTIN"),
    Need.WEIGHT: gettext_lazy("a decision on the weight"),
}


class RefusedError(Exception):
    """Nothing was changed; the text is a sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The fields that were written, and `{field: sentence}` for those that were not."""

    product: Product
    fields: tuple[str, ...]
    refused: Mapping[str, str]


class Glimpse(NamedTuple):
    """A field as it stood on somebody's page: the digest of its value (see `decisions.digest`), and the value."""

    digest: str
    value: Any


@dataclass(frozen=True, slots=True)
class Approved:
    """The SKUs that were approved, and `{sku: sentence}` for those left out."""

    skus: tuple[str, ...]
    left_out: Mapping[str, str]


def save(product_id: UUID, *, changes: Iterable[Change], by: User, now: datetime | None = None) -> Saved:
    """Write each change that can be; one to what is decided already counts as made and writes nothing.

    Raises RefusedError unless the product is ready for review.
    """
    product = _lock(product_id)
    if product.stage != Stage.CONSOLIDATED:
        raise RefusedError(_impossible(product))
    desk = Desk(product, by, now or timezone.now())
    for change in changes:
        desk.decide(change)
    if desk.written:
        _store(product, *desk.events)
    return Saved(product, tuple(desk.written), desk.refused)


def accept(product_id: UUID, *, field: str, source: str, by: User) -> Product:
    """Take a source's value. Raises RefusedError."""
    return _one(product_id, Change(field, take=source), by)


def edit(product_id: UUID, *, field: str, value: Any, by: User) -> Product:
    """Type a value; `price` is the target price. Raises RefusedError."""
    return _one(product_id, Change(field, value), by)


def clear(product_id: UUID, *, field: str, by: User) -> Product:
    """Have no value, whatever the sources say. Raises RefusedError."""
    return _one(product_id, Change(field), by)


def release(product_id: UUID, *, field: str, by: User) -> Product:
    """Undo the lock: the rules decide again. Raises RefusedError."""
    return _one(product_id, Change(field, release=True), by)


def approve(
    product_id: UUID,
    *,
    by: User,
    anyway: bool = False,
    shown: Mapping[str, Glimpse] | None = None,
    now: datetime | None = None,
) -> Product:
    """Approve the record and lock all of it; a second time changes nothing.

    `shown` is what the approver saw: where the rules have chosen anew since, that stays. Raises
    RefusedError where something is missing, unless `anyway`, or from a stage that cannot be approved.
    """
    product = _lock(product_id)
    if product.stage == Stage.APPROVED:
        return product
    when = now or timezone.now()
    needs = complete.missing(product.consolidated, product.target_price)
    _keep_shown(product, shown or {}, by, when)
    needs += [need for need in complete.missing(product.consolidated, product.target_price) if need not in needs]
    if needs and not anyway:
        raise RefusedError(_("Not complete: it needs %(needs)s.") % {"needs": _listed(needs)})
    _approve(product, by=by, now=when, why=_("without %(needs)s") % {"needs": _listed(needs)} if needs else "")
    return product


def approve_complete(product_ids: Iterable[UUID], *, by: User, now: datetime | None = None) -> Approved:
    """Approve those that are ready for review and complete; one already approved counts as done before."""
    approved, left_out = [], {}
    for product in in_sku_order(Product.objects.filter(pk__in=list(product_ids))):
        needs = complete.missing(product.consolidated, product.target_price)
        if product.stage != Stage.CONSOLIDATED:
            left_out[product.sku] = str(product.get_stage_display())
        elif needs:
            left_out[product.sku] = _("needs %(needs)s") % {"needs": _listed(needs)}
        else:
            _approve(product, by=by, now=now or timezone.now())
            approved.append(product.sku)
    return Approved(tuple(approved), left_out)


def reject(product_id: UUID, *, by: User, why: str) -> Product:
    """Take the product out of the work, with a reason. Raises RefusedError without one, or once it is published."""
    reason = why.strip()
    if not reason:
        raise RefusedError(_("Say why it is rejected."))
    product = _lock(product_id)
    _move(product, Stage.REJECTED, by=by, why=reason, rejected_because=reason)
    return product


def restore(product_id: UUID, *, by: User) -> Product:
    """Bring a rejected product back to the imported ones."""
    product = _lock(product_id)
    _move(product, Stage.IMPORTED, by=by, rejected_because="")
    return product


def scrape_again(product_id: UUID, *, by: User) -> Product:
    """Send the product back to the imported ones, to be enhanced anew; decisions stay. Raises RefusedError."""
    product = _lock(product_id)
    # not stale: what it has was judged already, and the next result is what it waits for
    _move(product, Stage.IMPORTED, by=by, stale=False)
    return product


def take_back(product_id: UUID, *, by: User, now: datetime | None = None) -> Product:
    """Withdraw an approval, also of a published product: the locks it set go, and the sources are heard again."""
    product = _lock(product_id)
    kept, busy = decisions.take_back(product.consolidated), bool(consolidate.held([product.sku]))
    record = kept if busy else consolidate.decided(product, kept, now=now or timezone.now())
    _move(product, Stage.CONSOLIDATED, by=by, record=record, news_at=None, stale=busy)
    return product


def dismiss_news(product_id: UUID, *, by: User) -> Product:
    """Somebody has looked at the news and leaves the record as it is."""
    product = _lock(product_id)
    if product.news_at is not None:
        product.news_at = None
        _store(product, history.event(product, by, "news_at", why=_("looked at, the record stays")))
    return product


def complete_by_hand(product_id: UUID, *, by: User) -> None:
    """Make a record of what there is, be it only the till's name, for staff to complete. Raises RefusedError."""
    match consolidate.consolidate(product_id, by=by, by_hand=True):
        case Result.BUSY:
            raise RefusedError(_("It is being enhanced. Wait for the job, or cancel it."))
        case Result.SETTLED | Result.GONE:
            raise RefusedError(_impossible(_lock(product_id)))


def _lock(product_id: UUID) -> Product:
    product = in_sku_order(Product.objects.filter(pk=product_id)).first()
    if product is None:
        raise RefusedError(_("There is no such product."))
    return product


def _one(product_id: UUID, change: Change, by: User) -> Product:
    saved = save(product_id, changes=[change], by=by)
    for sentence in saved.refused.values():
        raise RefusedError(sentence)
    return saved.product


def _keep_shown(product: Product, shown: Mapping[str, Glimpse], by: User, now: datetime) -> None:
    """A value that the rules chose after the approver's page was loaded has not been looked at by anybody."""
    for name, glimpse in shown.items():
        entry = product.consolidated.get(name) or {}
        if entry.get("locked_by") or glimpse.digest == decisions.digest(entry.get("value")):
            continue
        product.consolidated |= {
            name: decisions.as_shown(
                Field(name), glimpse.value, sources=product.sources, by=by.get_username(), at=now.isoformat()
            )
        }


def _approve(product: Product, *, by: User, now: datetime, why: str = "") -> None:
    record = decisions.approve(product.consolidated, sources=product.sources, by=by.get_username())
    _move(product, Stage.APPROVED, by=by, why=why, record=record, news_at=None)


def _move(product: Product, to: Stage, *, by: User, why: str = "", record: Any = None, **also: Any) -> None:
    try:
        stages.check(product.stage, to)
    except stages.IllegalMoveError:
        raise RefusedError(_impossible(product)) from None
    event = history.event(product, by, "stage", old=product.stage, new=to.value, why=why)
    product.stage = to
    product.consolidated = product.consolidated if record is None else record
    for name, value in also.items():
        setattr(product, name, value)
    _store(product, event)


def _store(product: Product, *events: ProductEvent) -> None:
    product.version += 1
    product.save()
    ProductEvent.objects.bulk_create(events)


def _impossible(product: Product) -> str:
    """Why nothing can be done from the stage the product is in by now, and who brought it there."""
    said = {"sku": product.sku, "stage": product.get_stage_display(), "who": history.last(product, "stage")}
    return _("%(sku)s is %(stage)s since %(who)s: that is not possible from there.") % said


def _listed(needs: Iterable[Need]) -> str:
    return ", ".join(str(NEEDS[need]) for need in needs)
