"""Takes what scraping recorded: units' results become sources of their products, in the same transaction.

Only `found` replaces a source. A later `not_found` keeps it and dates it; any other outcome says something about the
machinery or the site, not about the product. Nothing here moves an approved, published or rejected product: it gets
news. A message may bring thousands of units, so products are read, and written, many at a time.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from pipeline.models import Product, ProductEvent
from pipeline.stages import Stage
from runners.protocol.words import Outcome
from scraping.models import ScrapeResult

PROVENANCE = frozenset({"url", "scraped_at", "job"})
"""Keys of a source that say where and when it was read, beside what it says."""

Source = dict[str, Any]
_BEST_FIRST = list(Outcome)
# as pipeline.locks.in_sku_order, at the cost of the statement alone: this is on every callback's way
_PRODUCTS = """
    SELECT * FROM products_ingestion WHERE sku = ANY(%s::text[]) ORDER BY sku COLLATE "C" FOR NO KEY UPDATE
"""
_ENDED = """
    SELECT DISTINCT result.sku, result.outcome FROM scrape_results result JOIN scrape_jobs job ON job.id = result.job_id
    WHERE result.sku = ANY(%s::text[]) AND job.batch_id = (SELECT batch_id FROM scrape_jobs WHERE id = %s)
"""
_STORE = """
    UPDATE products_ingestion AS product
    SET sources = taken.sources, stage = taken.stage, version = taken.version, stale = taken.stale,
        last_outcome = taken.outcome, updated_at = statement_timestamp(),
        news_at = CASE WHEN taken.news THEN statement_timestamp() ELSE product.news_at END
    FROM jsonb_to_recordset(%s::jsonb) AS taken
        (id uuid, sources jsonb, stage text, version int, stale boolean, outcome text, news boolean)
    WHERE product.id = taken.id
"""


@dataclass
class _Taken:
    """A locked product and what becomes of it."""

    product: Product
    outcome: str
    said: bool = False
    news: bool = False
    events: list[ProductEvent] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        product = self.product
        return {
            "id": str(product.pk),
            "sources": product.sources,
            "stage": product.stage,
            "version": product.version,
            "stale": product.stale,
            "outcome": self.outcome,
            "news": self.news and product.is_settled,
        }


def receive(sender: object, *, results: Sequence[ScrapeResult], **_: object) -> None:
    """Record units of one job on their products, under their row locks; a SKU that is no product is passed over."""
    products = list(Product.objects.raw(_PRODUCTS, [sorted({result.sku for result in results})]))
    if not products:
        return
    outcomes = _last_outcomes(products, of=results[0])
    taken = {product.sku: _Taken(product, outcomes[product.sku]) for product in products}
    for result in results:
        if result.sku in taken:
            _take(taken[result.sku], result)
    _store([one for one in taken.values() if one.said])
    _note([one for one in taken.values() if not one.said and one.outcome != one.product.last_outcome])
    ProductEvent.objects.bulk_create(event for one in taken.values() for event in one.events)


def source(result: ScrapeResult) -> Source:
    """What a product keeps of a found result: its fields, and where, when and by which job they were read."""
    fields: Source = result.fields
    return fields | {"url": result.url, "scraped_at": _time(result), "job": str(result.job_id)}


def _take(taken: _Taken, result: ScrapeResult) -> None:
    if result.outcome == Outcome.FOUND:
        _found(taken, result)
    elif result.outcome == Outcome.NOT_FOUND and result.scraper in taken.product.sources:
        _not_found(taken, result)


def _found(taken: _Taken, result: ScrapeResult) -> None:
    product = taken.product
    old, new = product.sources.get(result.scraper), source(result)
    _say(taken, result, old, new)
    product.stale = True
    if product.stage == Stage.IMPORTED:
        moved = {"old": product.stage, "new": Stage.ENHANCED}
        product.stage, product.version = Stage.ENHANCED, product.version + 1
        taken.events.append(ProductEvent(product=product, actor=_actor(result), field="stage", **moved))


def _not_found(taken: _Taken, result: ScrapeResult) -> None:
    old = taken.product.sources[result.scraper]
    _say(taken, result, old, old | {"not_found_at": _time(result)}, why="no longer found; what it said is kept")


def _say(taken: _Taken, result: ScrapeResult, old: Source | None, new: Source, *, why: str = "") -> None:
    """Put `new` in the place of `old`; what it says is news only where it says something else, or is gone now."""
    slug, product = result.scraper, taken.product
    product.sources = product.sources | {slug: new}
    taken.said = True
    if _content(old) == _content(new):
        return
    taken.news = True
    values = {"old": old and {slug: old}, "new": {slug: new}, "why": why}
    taken.events.append(ProductEvent(product=product, actor=_actor(result), field="sources", **values))


def _content(source: Source | None) -> Source:
    said = {key: value for key, value in (source or {}).items() if key not in PROVENANCE}
    return said | {"not_found_at": "not_found_at" in said}


def _last_outcomes(products: Sequence[Product], *, of: ScrapeResult) -> Mapping[str, Outcome]:
    """One word for each SKU: found if anybody found it in this round, else not found if anybody could say so, else
    the trouble. A round is all that the jobs of one batch have recorded so far.
    """
    ended: dict[str, list[Outcome]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ENDED, [[product.sku for product in products], of.job_id])
        for sku, outcome in cursor.fetchall():
            ended.setdefault(sku, []).append(Outcome(outcome))
    return {sku: min(words, key=_BEST_FIRST.index) for sku, words in ended.items()}


def _store(taken: Sequence[_Taken]) -> None:
    if taken:
        with connection.cursor() as cursor:
            cursor.execute(_STORE, [json.dumps([one.row() for one in taken])])


def _note(taken: Sequence[_Taken]) -> None:
    """Products of which nothing was found keep all but the word for it."""
    for word in {one.outcome for one in taken}:
        same = [one.product.pk for one in taken if one.outcome == word]
        Product.objects.filter(pk__in=same).update(last_outcome=word, updated_at=Now())


def _actor(result: ScrapeResult) -> str:
    return f"{result.scraper}, job {str(result.job_id)[:8]}"


def _time(result: ScrapeResult) -> str:
    return (result.scraped_at or result.recorded_at).isoformat()
