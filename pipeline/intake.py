"""Takes what scraping recorded: a unit's result becomes a source of its product, in the same transaction.

Only `found` replaces a source. A later `not_found` keeps it and dates it; any other outcome says something about the
machinery or the site, not about the product. Nothing here moves an approved, published or rejected product: it gets
news.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models.functions import Now

from pipeline.locks import in_sku_order
from pipeline.models import Product, ProductEvent
from pipeline.stages import Stage
from runners.protocol.words import Outcome
from scraping.models import ScrapeResult

PROVENANCE = frozenset({"url", "scraped_at", "job"})
"""Keys of a source that say where and when it was read, beside what it says."""

Source = dict[str, Any]
_BEST_FIRST = list(Outcome)


def receive(sender: object, *, result: ScrapeResult, **_: object) -> None:
    """Record one unit on its product, under the product's row lock; a SKU that is no product is passed over."""
    product = in_sku_order(Product.objects.filter(sku=result.sku)).first()
    if product is None:
        return
    changes: dict[str, Any] = {"last_outcome": _best(_outcomes_of_round(result))}
    events: list[ProductEvent] = []
    if result.outcome == Outcome.FOUND:
        _found(product, result, changes, events)
    elif result.outcome == Outcome.NOT_FOUND:
        _not_found(product, result, changes, events)
    if changes != {"last_outcome": product.last_outcome}:
        Product.objects.filter(pk=product.pk).update(**changes, updated_at=Now())
    ProductEvent.objects.bulk_create(events)


def _found(product: Product, result: ScrapeResult, changes: dict[str, Any], events: list[ProductEvent]) -> None:
    old, new = product.sources.get(result.scraper), source(result)
    changes["sources"] = product.sources | {result.scraper: new}
    changes["stale"] = True
    if _says(old) != _says(new):
        events.append(_event(product, result, old=old, new=new))
        _tell(product, changes)
    if product.stage == Stage.IMPORTED:
        changes |= {"stage": Stage.ENHANCED, "version": product.version + 1}
        events.append(
            ProductEvent(product=product, actor=_actor(result), field="stage", old=product.stage, new=Stage.ENHANCED)
        )


def _not_found(product: Product, result: ScrapeResult, changes: dict[str, Any], events: list[ProductEvent]) -> None:
    old = product.sources.get(result.scraper)
    if old is None:
        return
    new = old | {"not_found_at": _time(result)}
    changes["sources"] = product.sources | {result.scraper: new}
    if "not_found_at" not in old:
        events.append(_event(product, result, old=old, new=new, why="no longer found; what it said is kept"))
        _tell(product, changes)


def source(result: ScrapeResult) -> Source:
    """What a product keeps of a found result: its fields, and where, when and by which job they were read."""
    fields: Source = result.fields
    return fields | {"url": result.url, "scraped_at": _time(result), "job": str(result.job_id)}


def _says(source: Source | None) -> Source:
    """What would be news if it changed: the fields, and that the site has the product no more."""
    return {key: value for key, value in (source or {}).items() if key not in PROVENANCE}


def _tell(product: Product, changes: dict[str, Any]) -> None:
    """Whoever settled the product should look again."""
    if product.is_settled:
        changes["news_at"] = Now()


def _outcomes_of_round(result: ScrapeResult) -> Iterable[str]:
    """How the SKU's units of the same batch ended so far, this one among them."""
    same_round = ScrapeResult.objects.filter(sku=result.sku, job__batch=result.job.batch_id)
    return [*same_round.values_list("outcome", flat=True), result.outcome]


def _best(outcomes: Iterable[str]) -> Outcome:
    """One word for a round: found if anybody found it, else not found if anybody could say so, else the trouble."""
    return min(map(Outcome, outcomes), key=_BEST_FIRST.index)


def _event(product: Product, result: ScrapeResult, *, old: Source | None, new: Source, why: str = "") -> ProductEvent:
    slug = result.scraper
    return ProductEvent(
        product=product, actor=_actor(result), field="sources", old=old and {slug: old}, new={slug: new}, why=why
    )


def _actor(result: ScrapeResult) -> str:
    return f"{result.scraper}, job {str(result.job_id)[:8]}"


def _time(result: ScrapeResult) -> str:
    return (result.scraped_at or result.recorded_at).isoformat()
