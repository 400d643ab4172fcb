"""Picks SKUs and scrapers and asks scraping for a batch; says what is left out and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from pipeline.models import Product
from pipeline.stages import Stage
from scraping import jobs
from scraping.models import ScrapeBatch, ScrapeJob
from scraping.refusals import BatchRefusedError

DEFAULT_MAX_RUNNERS = 3
MOST_RUNNERS = jobs.MAX_RUNNERS


class RefusedError(Exception):
    """Nothing was started; the text is a sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What can be enhanced, in list order, as `{sku: what runners may read of it}`; and `{sku: why it is left out}`."""

    context: dict[str, dict[str, str | None]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def skus(self) -> list[str]:
        return list(self.context)


class Started(NamedTuple):
    """A batch with its jobs, and `{sku: why it was left out}`."""

    batch: ScrapeBatch
    jobs: list[ScrapeJob]
    left_out: dict[str, str]


def select(products: "QuerySet[Product]") -> Selection:
    """Sort `products` into what can be enhanced now and what is left out. Two queries, whatever their number."""
    selection = Selection()
    found = list(products.values_list("sku", "register_name", "target_price", "stage"))
    busy = jobs.in_open_jobs([sku for sku, *_rest in found])
    for sku, name, price, stage in found:
        if sku in busy:
            selection.left_out[sku] = busy[sku]
        elif stage == Stage.REJECTED:
            selection.left_out[sku] = _("Rejected.")
        else:
            selection.context[sku] = {"name": name, "price": None if price is None else str(price)}
    return selection


def refusal(scrapers: Sequence[str]) -> str:
    """Why no batch can have these scrapers, as a sentence; empty when it can."""
    try:
        jobs.refuse_unrunnable(scrapers)
    except BatchRefusedError as error:
        return str(error)
    return ""


def start(
    products: "QuerySet[Product]",
    *,
    scrapers: Sequence[str],
    max_runners: int = DEFAULT_MAX_RUNNERS,
    by: User | None,
    source: str = "",
) -> Started:
    """Create one batch for `products` in their order: all of its jobs or none.

    Raises RefusedError. Runs inside the caller's transaction.
    """
    selection = select(products)
    try:
        made = jobs.create_batch(
            skus=selection.skus,
            scrapers=scrapers,
            max_runners=max_runners,
            context=selection.context,
            by=by,
            source=source,
        )
    except BatchRefusedError as error:
        raise RefusedError(str(error)) from error
    left_out = selection.left_out | made.left_out
    if made.batch is None:
        raise RefusedError(_nothing(left_out))
    return Started(made.batch, made.jobs, left_out)


def by_reason(left_out: Mapping[str, str]) -> dict[str, list[str]]:
    """`{sku: reason}` turned round, SKUs in their order."""
    reasons: dict[str, list[str]] = {}
    for sku, reason in left_out.items():
        reasons.setdefault(reason, []).append(sku)
    return reasons


def _nothing(left_out: Mapping[str, str]) -> str:
    if not left_out:
        return _("There is no product to enhance.")
    reasons = " ".join(f"{reason} ({len(skus)})" for reason, skus in by_reason(left_out).items())
    return _("There is nothing to enhance. %(reasons)s") % {"reasons": reasons}
