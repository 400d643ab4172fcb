"""Who could do the work of a batch, how fast that may go, and about how long it takes. Only reads."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from runners.models import RunnerKey
from runners.protocol.definition.site import Politeness
from runners.protocol.words import RunnerStatus
from scraping import clock
from scraping.models import Scraper, ScrapeResult, ScraperVersion

SAMPLE = 2000
SECONDS_A_PAGE = 1.0
"""What loading and reading a page is taken to cost while nothing has been measured."""


@dataclass(frozen=True, slots=True)
class Site:
    """A scraper to choose. `seconds` is the time of one SKU in one runner; `limit` caps its jobs at once."""

    slug: str
    name: str
    obstacle: str = ""
    seconds: float = 1.0
    delay: float = 1.0
    parallel: int = 1
    limit: int | None = None

    def pages_a_minute(self, runners: int) -> int | None:
        """The most pages that so many runners fetch from it, or None without a limit."""
        working = min(runners, self.limit or runners)
        return math.floor(60 * self.parallel * working / self.delay) if self.delay else None


@dataclass(frozen=True, slots=True)
class Key:
    """A key that opens the door today, and whether its runner is there and takes jobs."""

    runner: str
    live: bool
    allowed: frozenset[str] | None = None

    def allows(self, slugs: Collection[str]) -> bool:
        return self.allowed is None or self.allowed.issuperset(slugs)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a batch would become: `jobs`, the `runners` that are there now for them, and about how long it takes."""

    jobs: int
    runners: tuple[str, ...]
    duration: timedelta


@dataclass(frozen=True, slots=True)
class Fleet:
    sites: tuple[Site, ...]
    keys: tuple[Key, ...]

    @property
    def usable(self) -> list[str]:
        return [site.slug for site in self.sites if not site.obstacle]

    def live(self, slugs: Collection[str]) -> list[str]:
        """The runners that are there now and may use every one of `slugs`."""
        return sorted({key.runner for key in self.keys if key.live and key.allows(slugs)})

    def outlook(self, slugs: Collection[str], *, skus: int, max_runners: int) -> Outlook:
        """Jobs, runners and time for `skus` SKUs; while no runner is there, as if all that are wanted were."""
        runners = tuple(self.live(slugs))
        jobs = min(max_runners, skus)
        rounds = math.ceil(skus / (min(jobs, len(runners)) or jobs)) if jobs else 0
        return Outlook(jobs, runners, timedelta(seconds=rounds * self._seconds(slugs)))

    def _seconds(self, slugs: Collection[str]) -> float:
        """One SKU on all sites: a runner works on several at once, but on each of them in turn."""
        times = [site.seconds for site in self.sites if site.slug in slugs]
        return max(*times, sum(times) / settings.RUNNER_MAX_WORKERS) if times else 0.0


def survey(*, now: datetime | None = None) -> Fleet:
    """All scrapers and all keys that are neither revoked nor expired, as they are now."""
    now = now or clock.read()
    definitions = dict(
        ScraperVersion.objects.order_by("scraper", "-number").distinct("scraper").values_list("scraper", "definition")
    )
    measured = _measured()
    sites = (
        _site(scraper, definitions.get(scraper.pk), measured.get(scraper.slug)) for scraper in Scraper.objects.all()
    )
    valid = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    keys = (_key(key, now) for key in RunnerKey.objects.filter(valid).select_related("runner"))
    return Fleet(tuple(sites), tuple(keys))


def _site(scraper: Scraper, definition: dict[str, Any] | None, measured: float | None) -> Site:
    politeness = Politeness.model_validate((definition or {}).get("politeness") or {}, strict=False)
    pages = 2 if (definition or {}).get("pick") else 1
    expected = pages * (politeness.delay_s + SECONDS_A_PAGE)
    return Site(
        slug=scraper.slug,
        name=scraper.display_name,
        obstacle=_obstacle(scraper, definition),
        seconds=max(measured, politeness.delay_s) if measured is not None else expected,
        delay=politeness.delay_s,
        parallel=politeness.max_parallel,
        limit=scraper.max_parallel_jobs,
    )


def _obstacle(scraper: Scraper, definition: object) -> str:
    if not scraper.is_active:
        return _("paused: %(reason)s") % {"reason": scraper.state_reason} if scraper.state_reason else _("paused")
    return "" if definition else _("it has no definition yet")


def _key(key: RunnerKey, now: datetime) -> Key:
    runner = key.runner
    live = runner.is_online(now=now) and not runner.paused and runner.status != RunnerStatus.DRAINING
    allowed = None if key.allowed_scrapers is None else frozenset(key.allowed_scrapers)
    return Key(runner.name, live, allowed)


def _measured() -> dict[str, float]:
    """Median seconds of a unit by scraper, from the latest results."""
    latest: Iterable[tuple[str, int | None]] = ScrapeResult.objects.order_by("-recorded_at").values_list(
        "scraper", "milliseconds"
    )[:SAMPLE]
    seconds: dict[str, list[float]] = {}
    for slug, milliseconds in latest:
        if milliseconds:
            seconds.setdefault(slug, []).append(milliseconds / 1000)
    return {slug: median(values) for slug, values in seconds.items()}
