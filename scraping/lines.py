"""Reads of one job's log for those who look for something in it: by level, scraper, SKU, text; by position.

Every read is bounded: it looks at `SPAN` positions at most and says how far it got, so that its reader can go on.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from runners.protocol.words import LogLevel
from scraping.models import ScrapeJob, ScrapeJobLog

SPAN = 50_000  # positions
MOST = 500  # lines
_INDEXED = (LogLevel.WARNING, LogLevel.ERROR)


@dataclass(frozen=True)
class Filter:
    """What a line must be to be shown: of `level` or worse, of the scraper, about the SKU, with the text in it."""

    level: LogLevel | None = None
    scraper: str = ""
    sku: str = ""
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.level or self.scraper or self.sku or self.text)

    @property
    def span(self) -> int | None:
        """Positions that one read may look at; None where an index leads to the lines themselves."""
        return SPAN if self.text or self.level not in _INDEXED else None

    def of(self, job: ScrapeJob) -> QuerySet[ScrapeJobLog]:
        wanted = Q(position__lte=job.log_head)
        if self.level:
            wanted &= Q(level__in=list(LogLevel)[list(LogLevel).index(self.level) :])
        if self.scraper:
            wanted &= Q(scraper=self.scraper)
        if self.sku:
            wanted &= Q(sku=self.sku)
        if self.text:
            wanted &= Q(message__icontains=self.text)
        return job.lines.filter(wanted)


ALL = Filter()


@dataclass(frozen=True)
class Stretch:
    """The lines that were wanted among the positions `first` to `last`; all others in between are not wanted."""

    lines: list[ScrapeJobLog]
    first: int
    last: int


def after(job: ScrapeJob, position: int, *, wanted: Filter = ALL, limit: int = MOST) -> Stretch:
    """Up to `limit` wanted lines beyond `position`."""
    end = job.log_head if wanted.span is None else min(position + wanted.span, job.log_head)
    stretch = wanted.of(job).filter(position__gt=position, position__lte=end)
    found = list(stretch.order_by("position")[:limit])
    return Stretch(found, position + 1, found[-1].position if len(found) == limit else max(position, end))


def before(job: ScrapeJob, position: int | None, *, wanted: Filter = ALL, limit: int = MOST) -> Stretch:
    """Up to `limit` wanted lines before `position`; the last ones when None. In the log's order."""
    position = job.log_head + 1 if position is None else min(position, job.log_head + 1)
    start = 1 if wanted.span is None else max(1, position - wanted.span)
    stretch = wanted.of(job).filter(position__lt=position, position__gte=start)
    found = list(stretch.order_by("-position")[:limit])[::-1]
    return Stretch(found, found[0].position if len(found) == limit else start, position - 1)


def around(job: ScrapeJob, position: int, *, wanted: Filter = ALL, limit: int = MOST) -> Stretch:
    """Wanted lines on both sides of `position`, that one included."""
    position = min(max(position, 1), job.log_head + 1)
    earlier = before(job, position, wanted=wanted, limit=limit // 2)
    later = after(job, position - 1, wanted=wanted, limit=limit - limit // 2)
    return Stretch(earlier.lines + later.lines, earlier.first, later.last)


def error_after(job: ScrapeJob, position: int, *, wanted: Filter = ALL) -> int | None:
    """Where the next wanted error beyond `position` is."""
    errors = wanted.of(job).filter(level=LogLevel.ERROR, position__gt=position)
    return errors.order_by("position").values_list("position", flat=True).first()


def error_before(job: ScrapeJob, position: int, *, wanted: Filter = ALL) -> int | None:
    """Where the last wanted error before `position` is."""
    errors = wanted.of(job).filter(level=LogLevel.ERROR, position__lt=position)
    return errors.order_by("-position").values_list("position", flat=True).first()
