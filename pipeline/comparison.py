"""What the review page shows of a product: the record, and beside it what every source says. Nothing here writes."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline import decisions, desk, queries, review, wording
from pipeline.consolidation import complete, evidence
from pipeline.consolidation.complete import Need
from pipeline.consolidation.evidence import Candidate
from pipeline.consolidation.keys import UnusableError
from pipeline.models import Product
from runners.protocol.fields import CARDINALITY, Cardinality, Field
from scraping.models import Scraper, ScrapeResult

TABLE = (
    *(Field.NAME, Field.BRAND, Field.WEIGHT, Field.GTIN, Field.MPN, Field.SIZE, Field.DIMENSIONS),
    *(Field.UNIT_OF_MEASURE, Field.CASE_PACK, Field.MIN_ORDER_QUANTITY, Field.DESCRIPTION, Field.DESCRIPTION_HTML),
    *(Field.INGREDIENTS, Field.CATEGORIES, Field.FEATURES, Field.ATTRIBUTES),
)
ALWAYS = frozenset({Field.NAME, Field.BRAND, Field.WEIGHT, Field.GTIN, Field.DESCRIPTION, Field.CATEGORIES})
PROSE = frozenset({Field.DESCRIPTION, Field.DESCRIPTION_HTML, Field.INGREDIENTS})
MET = {
    Need.NAME: gettext_lazy("a name"),
    Need.BRAND: gettext_lazy("a brand"),
    Need.PRICE: gettext_lazy("a price"),
    Need.IMAGE: gettext_lazy("a picture"),
    Need.GTIN: gettext_lazy("no conflict on the GTIN"),
    Need.WEIGHT: gettext_lazy("no conflict on the weight"),
}
_ALIKE = 0.5
_LONG = 200


@dataclass(frozen=True, slots=True)
class Source:
    """A column: a site that knows the product."""

    slug: str
    url: str
    read_at: datetime | None
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one source says about a field. `words` sets it against the record: `same`, `del` or `ins`, and a text."""

    source: str
    text: str = ""
    take: str = ""
    won: bool = False
    agrees: bool = False
    flaw: str = ""
    news: bool = False
    words: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A field: its value in the record, why it is that, and a cell for each source."""

    field: str
    label: str
    text: str
    stamp: str
    digest: str
    rows: int
    cells: Sequence[Cell]
    reason: str = ""
    locked_by: str = ""
    locked_at: datetime | None = None
    approved: bool = False
    conflict: bool = False
    cleared: bool = False

    @property
    def empty(self) -> bool:
        return not self.text and not self.cleared and not any(cell.text for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Picture:
    """An address, the sources that show it, and whether it is in the record."""

    url: str
    sources: Sequence[str]
    used: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A thing the product needs: the field to look at, and whether it is there."""

    field: str
    label: str
    done: bool
    required: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """All of it."""

    product: Product
    sources: Sequence[Source]
    rows: Sequence[Row]
    empty: Sequence[Row]
    pictures: Sequence[Picture]
    images: Row
    price: Row
    checks: Sequence[Check]
    prices: Sequence[evidence.Price]
    unknown: Sequence[ScrapeResult]

    @property
    def needs(self) -> list[Check]:
        return [check for check in self.checks if check.required and not check.done]

    @property
    def spare(self) -> list[Picture]:
        return [picture for picture in self.pictures if not picture.used]

    @property
    def lowest(self) -> Decimal | None:
        return min((price.amount for price in self.prices), default=None)

    @property
    def highest(self) -> Decimal | None:
        return max((price.amount for price in self.prices), default=None)


def compare(product: Product) -> Sheet:
    """The sheet of `product`, sources by trust. Three queries."""
    trust = dict(Scraper.objects.values_list("slug", "trust"))
    slugs = sorted(product.sources, key=lambda slug: (-trust.get(slug, 0), slug))
    rows = [_row(product, field, slugs) for field in TABLE]
    return Sheet(
        product=product,
        sources=[_source(slug, product.sources[slug]) for slug in slugs],
        rows=[row for row in rows if row.field in ALWAYS or not row.empty],
        empty=[row for row in rows if row.field not in ALWAYS and row.empty],
        pictures=_pictures(product, slugs),
        images=_row(product, Field.IMAGES, slugs),
        price=_price(product, slugs),
        checks=_checks(product),
        prices=evidence.prices(product.sources),
        unknown=_elsewhere(product),
    )


def _row(product: Product, field: Field, slugs: Sequence[str]) -> Row:
    entry = product.consolidated.get(field.value, {})
    text = wording.text(entry.get("value"))
    said = {found.source: found for found in evidence.candidates(field, product.sources)}
    return Row(
        field=field.value,
        label=queries.label(field.value),
        text=text,
        stamp=desk.stamp(product, field.value),
        digest=decisions.digest(entry.get("value")),
        rows=_height(field, text),
        cells=[_cell(field, slug, said.get(slug), entry) for slug in slugs],
        reason=entry.get("reason", ""),
        locked_by=entry.get("locked_by", ""),
        locked_at=parse_datetime(entry["at"]) if entry.get("locked_by") else None,
        approved=bool(entry.get("by_approval")),
        conflict=complete.in_conflict(product.consolidated, field.value),
        cleared=bool(entry) and entry.get("value") is None,
    )


def _price(product: Product, slugs: Sequence[str]) -> Row:
    """The sheet's price, and for information what the sites ask."""
    asked = {price.source: f"{price.amount} {price.currency}".strip() for price in evidence.prices(product.sources)}
    return Row(
        field=desk.PRICE,
        label=_("Price"),
        text=wording.text(product.target_price),
        stamp=desk.stamp(product, desk.PRICE),
        digest="",
        rows=1,
        cells=[Cell(slug, asked.get(slug, "")) for slug in slugs],
        reason=_("from the spreadsheet; never from a site"),
    )


def _cell(field: Field, slug: str, said: Candidate | None, entry: Mapping[str, Any]) -> Cell:
    if said is None:
        return Cell(slug)
    digest = decisions.digest(said.value)
    agrees = not said.flaw and said.key == _key(field, entry.get("value"))
    heard = entry.get("heard")
    return Cell(
        source=slug,
        text=wording.text(said.value),
        take="" if said.flaw and field is Field.GTIN else f"{field.value}:{slug}:{digest}",
        won=slug == entry.get("source") and said.value == entry.get("value"),
        agrees=agrees,
        flaw=said.flaw,
        news=heard is not None and heard.get(slug) != digest,
        words=() if agrees else _words(wording.text(entry.get("value")), wording.text(said.value)),
    )


def _key(field: Field, value: Any) -> str | None:
    try:
        return None if value is None else evidence.key(field, value)
    except UnusableError:
        return None


def _words(ours: str, theirs: str) -> list[tuple[str, str]]:
    """Word by word what they leave out and put in, where the two are alike enough for that to be read."""
    if not ours or "\n" in ours + theirs or len(ours) + len(theirs) > _LONG:
        return []
    before, after = ours.split(), theirs.split()
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return []
    parts = []
    for move, a, b, c, d in matcher.get_opcodes():
        if move == "equal":
            parts.append(("same", " ".join(after[c:d])))
            continue
        parts += [(kind, " ".join(words)) for kind, words in (("del", before[a:b]), ("ins", after[c:d])) if words]
    return parts


def _height(field: Field, text: str) -> int:
    """Lines of the box it is typed in; 1 is a plain input."""
    if field is Field.NAME:
        return 2
    if field in PROSE:
        return min(8, max(3, len(text) // 60 + text.count("\n") + 1))
    if CARDINALITY[field] is Cardinality.MANY:
        return min(10, max(2, text.count("\n") + 1))
    return 1


def _pictures(product: Product, slugs: Sequence[str]) -> list[Picture]:
    """Those of the record in its order, then what the sources show besides."""
    shown: dict[str, list[str]] = {url: [] for url in product.value(Field.IMAGES.value) or []}
    used = set(shown)
    by_source = {said.source: said.value for said in evidence.candidates(Field.IMAGES, product.sources)}
    for slug in slugs:
        for url in by_source.get(slug, []):
            shown.setdefault(url, []).append(slug)
    entry = product.consolidated.get(Field.IMAGES.value, {})
    origins = dict(zip(entry.get("value") or [], entry.get("origins", []), strict=False))
    return [Picture(url, givers or _known(origins.get(url)), url in used) for url, givers in shown.items()]


def _known(origin: str | None) -> list[str]:
    return [origin] if origin else []


def _checks(product: Product) -> list[Check]:
    record = product.consolidated
    missing = complete.missing(record, product.target_price)
    required = [
        Check(need.value, str(review.NEEDS[need] if need in missing else label), need not in missing)
        for need, label in MET.items()
    ]
    return required + [
        Check(field.value, label, bool(product.value(field.value)), required=False)
        for field, label in ((Field.DESCRIPTION, _("a description")), (Field.CATEGORIES, _("a category")))
    ]


def _source(slug: str, said: Mapping[str, Any]) -> Source:
    url = evidence.clean(Field.IMAGES, said.get("url"))
    return Source(slug, url[0] if url else "", _time(said.get("scraped_at")), _time(said.get("not_found_at")))


def _time(value: object) -> datetime | None:
    try:
        return parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _elsewhere(product: Product) -> list[ScrapeResult]:
    """The last word of every scraper that was asked and has no column."""
    latest = ScrapeResult.objects.filter(sku=product.sku).exclude(scraper__in=list(product.sources))
    return list(latest.defer("raw", "fields").order_by("scraper", "-id").distinct("scraper"))
