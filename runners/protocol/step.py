"""What a runner says it has in hand: the step of a job."""

MAX_STEP = 200


def write(*, scraper: str, sku: str) -> str:
    """The step of a unit, `acme 072705115310`; slugs have no spaces, SKUs may."""
    return f"{scraper} {sku}"[:MAX_STEP]


def read(step: str) -> tuple[str, str] | None:
    """Scraper and SKU of a step, or None where it names no unit."""
    scraper, _, sku = step.partition(" ")
    return (scraper, sku) if sku else None
