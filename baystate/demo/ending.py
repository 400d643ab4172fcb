"""How the products of a batch ended, as the answer key and the closing line put it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from baystate.demo import answers
from baystate.demo.answers import Ending
from pipeline.models import Product
from runners.protocol.words import Outcome
from scraping.models import ScrapeBatch, ScrapeResult


@dataclass(frozen=True)
class Tally:
    """Products by the best that was heard of them: found anywhere, found nowhere, or trouble everywhere."""

    enhanced: int
    not_found: int
    failed: int


def tally(products: Iterable[Ending]) -> Tally:
    """Count products by their outcomes."""
    sets = [{Outcome(word) for word in product.outcomes.values()} for product in products]
    enhanced = sum(Outcome.FOUND in words for words in sets)
    failed = sum(all(word.trouble for word in words) for words in sets)
    return Tally(enhanced, len(sets) - enhanced - failed, failed)


def outcomes(batch: ScrapeBatch) -> dict[str, dict[str, str]]:
    """`{sku: {site: outcome}}` of the batch's units."""
    by_sku: dict[str, dict[str, str]] = defaultdict(dict)
    results = ScrapeResult.objects.filter(root__batch=batch).values_list("sku", "scraper", "outcome")
    for sku, scraper, outcome in results:
        by_sku[sku][scraper] = outcome
    return dict(by_sku)


def endings(batch: ScrapeBatch, sites: Mapping[str, str]) -> dict[str, Ending]:
    """Every product's ending by SKU; `sites` maps each slug to the address it had."""
    by_sku = outcomes(batch)
    return {
        product.sku: Ending(
            outcomes=by_sku.get(product.sku, {}),
            stage=product.stage,
            price=answers.amount(product.target_price),
            record={
                name: answers.written(entry["value"], entry["source"], sites)
                for name, entry in product.consolidated.items()
            },
        )
        for product in Product.objects.order_by("arrival")
    }


def closing_line(figures: Mapping[str, int], products: Tally, *, seconds: float) -> str:
    """The one line that sums up a whole run."""
    return (
        f"demo: {figures['imported']} imported, {figures['jobs']} jobs, {products.enhanced} enhanced, "
        f"{products.not_found} not found, {products.failed} failed, {figures['approved']} approved, "
        f"{figures['exported']} exported in {seconds:.0f} s"
    )
