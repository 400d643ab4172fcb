"""Counts what was recorded lately, for plots and tables: one statement, one pass over an index."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, Func, Value
from django.db.models.functions import Now

from runners.protocol.words import Outcome
from scraping import wording
from scraping.filters import Filters, Window
from scraping.models import ScrapeResult
from scraping.tally import UNASKED

_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
# The planner knows how many rows a stretch up to now holds; from a subquery's answer it could not tell. Words as plain
# text, which it takes for short, so that it counts them by their hash. To read one index three times is less than to
# keep what was read; a join is not.
_COUNT = """
WITH recent AS {kept} (SELECT recorded_at, scraper::text, outcome::text, milliseconds FROM ({recent}) found),
bars AS (SELECT date_bin(%s, recorded_at, %s) AS bar, scraper, outcome, count(*) AS n FROM recent GROUP BY 1, 2, 3),
steps AS (SELECT date_bin(%s, recorded_at, %s) AS step, count(*) AS n FROM recent GROUP BY 1),
speeds AS (
    SELECT scraper, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY milliseconds) AS said
    FROM recent WHERE milliseconds IS NOT NULL GROUP BY 1
)
SELECT statement_timestamp(),
    (SELECT json_agg(json_build_array(extract(epoch FROM bar)::bigint, scraper, outcome, n)) FROM bars),
    (SELECT json_object_agg(extract(epoch FROM step)::bigint, n) FROM steps),
    (SELECT json_object_agg(scraper, said) FROM speeds)
"""


@dataclass(frozen=True)
class Bar:
    """Units that were recorded from `start` on, by outcome; units per minute on average and at the most."""

    start: datetime
    outcomes: Counter[str]
    per_minute: float
    most: float

    @property
    def total(self) -> int:
        return self.outcomes.total()


@dataclass(frozen=True)
class ScraperShare:
    """How a scraper did: percent of its units found, over all and per bar (None: no units), seconds per unit."""

    slug: str
    units: int
    percent: float
    shares: list[float | None]
    median: float | None
    p95: float | None

    @property
    def line(self) -> list[str]:
        """The shares as points of lines in a box of 100 × 20, a gap where a bar has no units."""
        wide = 100 / max(1, len(self.shares) - 1)
        lines, points = [], list[str]()
        for number, share in enumerate([*self.shares, None]):
            if share is not None:
                points.append(f"{number * wide:.1f},{19 - share * 0.18:.1f}")
            elif points:
                lines.append(" ".join(points if len(points) > 1 else [points[0], points[0]]))
                points = []
        return lines


@dataclass(frozen=True)
class Plots:
    """What was recorded in a window that ends `now`, by the database's clock."""

    now: datetime
    window: Window
    bars: list[Bar]
    steps: list[tuple[int, float]]
    scrapers: list[ScraperShare]

    @cached_property
    def outcomes(self) -> list[str]:
        """Those that occur, in the order of the vocabulary."""
        seen = sum((bar.outcomes for bar in self.bars), Counter[str]())
        return [word for word in Outcome if seen[word]]

    @property
    def rows(self) -> list[tuple[Bar, list[int]]]:
        """The bars, the newest first, each with its counts in the order of `outcomes`."""
        return [(bar, [bar.outcomes[word] for word in self.outcomes]) for bar in reversed(self.bars)]

    @property
    def share_rows(self) -> list[tuple[Bar, list[float | None]]]:
        """The bars, the newest first, each with the scrapers' shares in the order of `scrapers`."""
        by_bar = zip(*(scraper.shares for scraper in self.scrapers), strict=True)
        return [(bar, list(shares)) for bar, shares in zip(self.bars, by_bar, strict=True)][::-1]

    @property
    def slowest(self) -> float:
        """The longest 95th percentile, in seconds: the scale of the scrapers' bars."""
        return max((share.p95 or 0 for share in self.scrapers), default=0)

    def as_json(self) -> dict[str, Any]:
        """What the script draws; times in seconds since 1970."""
        return {
            "bars": [int(bar.start.timestamp()) for bar in self.bars],
            "width": int(self.window.bar.total_seconds()),
            "outcomes": [
                {"word": word, "label": wording.label(word), "counts": [bar.outcomes[word] for bar in self.bars]}
                for word in self.outcomes
            ],
            "steps": [moment for moment, _ in self.steps],
            "rates": [rate for _, rate in self.steps],
        }


def read(filters: Filters) -> Plots:
    """One query, for the window and the units that `filters` name."""
    window = filters.window
    start = Func(
        Value(window.bar), Now() - Value(window.span), Value(_ORIGIN), function="date_bin", output_field=DateTimeField()
    )
    # a clock that was set back leaves units that are recorded later than now
    rows = ScrapeResult.objects.filter(filters.units(), recorded_at__gte=start, recorded_at__lte=Now()).order_by()
    recent, values = rows.values_list("recorded_at", "scraper", "outcome", "milliseconds").query.sql_with_params()
    with connection.cursor() as cursor:
        bins: list[Any] = [window.bar, _ORIGIN, window.step, _ORIGIN]
        kept = "NOT MATERIALIZED" if len(rows.query.alias_map) == 1 else "MATERIALIZED"
        cursor.execute(_COUNT.format(recent=recent, kept=kept), [*values, *bins])
        now, bars, steps, speeds = cursor.fetchone()
    return _plots(now, window, _loaded(bars, []), _loaded(steps, {}), _loaded(speeds, {}))


def _loaded(said: Any, nothing: Any) -> Any:
    """Django leaves JSON that no field asked for as text."""
    return nothing if said is None else json.loads(said) if isinstance(said, str) else said


def _plots(
    now: datetime, window: Window, counts: list[Any], steps: dict[str, int], speeds: dict[str, list[float]]
) -> Plots:
    starts = _starts(now, window.span, window.bar)
    ticks = [int(moment.timestamp()) for moment in _starts(now, window.span, window.step)]
    minutes = window.step.total_seconds() / 60
    rates = [(tick, round(steps.get(str(tick), 0) / minutes, 2)) for tick in ticks]
    by_bar: dict[int, Counter[str]] = {int(start.timestamp()): Counter() for start in starts}
    for moment, _scraper, outcome, number in counts:
        by_bar[moment][outcome] += number
    return Plots(
        now,
        window,
        [_bar(start, end, by_bar[int(start.timestamp())], rates) for start, end in pairwise([*starts, now])],
        rates,
        _shares(counts, list(by_bar), speeds),
    )


def _starts(now: datetime, span: timedelta, every: timedelta) -> list[datetime]:
    """The bins from the one that holds the window's beginning to the one that holds `now`."""
    first = _ORIGIN + (now - span - _ORIGIN) // every * every
    return [first + every * number for number in range((now - first) // every + 1)]


def _bar(start: datetime, end: datetime, outcomes: Counter[str], rates: Iterable[tuple[int, float]]) -> Bar:
    minutes = max(1.0, (end - start).total_seconds() / 60)
    first, last = start.timestamp(), end.timestamp()
    within = [rate for tick, rate in rates if first <= tick < last]
    return Bar(start, outcomes, round(outcomes.total() / minutes, 1), max(within, default=0))


def _shares(counts: list[Any], ticks: list[int], speeds: dict[str, list[float]]) -> list[ScraperShare]:
    units: Counter[tuple[str, int]] = Counter()
    found: Counter[tuple[str, int]] = Counter()
    for moment, slug, outcome, number in counts:
        if outcome in UNASKED:
            continue
        units[slug, moment] += number
        found[slug, moment] += number if outcome == Outcome.FOUND else 0
    return [_share(slug, units, found, ticks, speeds.get(slug)) for slug in sorted({slug for slug, _ in units})]


def _share(
    slug: str, units: Counter[Any], found: Counter[Any], ticks: list[int], speed: list[float] | None
) -> ScraperShare:
    shares = [100 * found[slug, tick] / units[slug, tick] if units[slug, tick] else None for tick in ticks]
    whole, good = (sum(counter[slug, tick] for tick in ticks) for counter in (units, found))
    median, p95 = [value / 1000 for value in speed] if speed else (None, None)
    return ScraperShare(slug, whole, 100 * good / whole, shares, median, p95)
