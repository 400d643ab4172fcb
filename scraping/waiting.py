"""Why nobody has a pending job: one answer for its page, the lists and what needs a person."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from runners.models import Runner, RunnerKey
from runners.protocol.words import JobStatus, RunnerStatus
from scraping import clock
from scraping.claims import Asker
from scraping.models import ScrapeJob, Scraper, ScraperVersion
from scraping.templatetags.operations import when


class Cause(StrEnum):
    """In the order in which they are looked for: what a person must change comes before what time will."""

    PAUSED = "paused"
    FORBIDDEN = "forbidden"
    NOBODY = "nobody"
    TOO_OLD = "too_old"
    INCAPABLE = "incapable"
    AWAY = "away"
    RESTING = "resting"
    LATER = "later"
    FULL = "full"
    FREE = "free"

    @property
    def standing(self) -> bool:
        """Nothing changes unless somebody starts or resumes a runner, updates one, or widens a key."""
        return self in _STANDING


_STANDING = {Cause.FORBIDDEN, Cause.NOBODY, Cause.TOO_OLD, Cause.INCAPABLE, Cause.AWAY, Cause.RESTING}


@dataclass(frozen=True)
class Hold:
    """What keeps a job, and the sentence that says so: text, or HTML where it names a moment."""

    cause: Cause
    sentence: str


@dataclass(frozen=True)
class Site:
    """A scraper as its newest version needs it, and who works there. `limit` None: as many as come."""

    active: bool
    schema_version: int
    engine: str
    limit: int | None
    holders: list[str] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return self.limit is not None and len(self.holders) >= self.limit


@dataclass(frozen=True)
class Fleet:
    """Everybody who may work, and every site, as they are at `now`."""

    now: datetime
    keys: list[RunnerKey]
    scrapers: list[Scraper]
    sites: dict[str, Site]


def holds(jobs: Iterable[ScrapeJob], *, now: datetime | None = None, fleet: Fleet | None = None) -> dict[UUID, Hold]:
    """Why nobody has them, for the pending ones of `jobs`: four queries at most, none where `fleet` is given."""
    pending = [job for job in jobs if job.status == JobStatus.PENDING]
    if not pending:
        return {}
    fleet = fleet or survey(scrapers=scrapers(), now=now or clock.read())
    return {job.pk: _hold(job, fleet) for job in pending}


def usable_keys(*, now: datetime | None = None) -> list[RunnerKey]:
    """Keys that let a runner in: neither revoked nor expired."""
    unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=clock.at(now))
    return list(RunnerKey.objects.select_related("runner").filter(unexpired, revoked_at__isnull=True))


def scrapers() -> list[Scraper]:
    """Every scraper with what its newest version needs, as `survey` wants them."""
    newest = ScraperVersion.objects.filter(scraper=OuterRef("pk")).order_by("-number")
    definition = {name: Subquery(newest.values(f"definition__{name}")[:1]) for name in ("schema_version", "engine")}
    return list(Scraper.objects.annotate(**definition))


def survey(*, scrapers: list[Scraper], now: datetime, running: Iterable[ScrapeJob] | None = None) -> Fleet:
    """Who may work where. `running` are all running jobs, where the caller has read them already."""
    sites = {scraper.slug: _site(scraper) for scraper in scrapers}
    if limited := {slug for slug, site in sites.items() if site.limit is not None}:
        for job in _users(limited) if running is None else sorted(running, key=_began):
            for slug in {*job.working, *job.wanted} & limited:
                sites[slug].holders.append(str(job.runner))
    return Fleet(now, usable_keys(now=now), scrapers, sites)


def _site(scraper: Any) -> Site:
    return Site(
        active=scraper.is_active,
        schema_version=scraper.schema_version or 1,
        engine=scraper.engine or "http",
        limit=scraper.max_parallel_jobs,
    )


def _users(limited: Iterable[str]) -> Iterable[ScrapeJob]:
    slugs = list(limited)
    used = Q(working__overlap=slugs) | Q(wanted__overlap=slugs)
    rows = ScrapeJob.objects.filter(used, status=JobStatus.RUNNING).select_related("runner")
    return rows.only("working", "wanted", "started_at", "runner__name").order_by("started_at", "id")


def _began(job: ScrapeJob) -> tuple[datetime, UUID]:
    return job.started_at or job.created_at, job.pk


def _hold(job: ScrapeJob, fleet: Fleet) -> Hold:
    sites = {slug: fleet.sites[slug] for slug in job.scrapers if slug in fleet.sites}
    return _paused(sites) or _nobody(job, sites, fleet) or _waits(job, sites, fleet)


def _paused(sites: dict[str, Site]) -> Hold | None:
    paused = [slug for slug, site in sites.items() if not site.active]
    said = ngettext(
        "It waits because %(scrapers)s is paused. Resume it, or cancel this job.",
        "It waits because %(scrapers)s are paused. Resume them, or cancel this job.",
        len(paused),
    )
    return Hold(Cause.PAUSED, said % {"scrapers": ", ".join(paused)}) if paused else None


def _nobody(job: ScrapeJob, sites: dict[str, Site], fleet: Fleet) -> Hold | None:
    """Where no runner that is there may and can take the job."""
    keys = [key for key in fleet.keys if key.allows(job.scrapers)]
    if not keys:
        return _forbidden(job, fleet)
    online = [key for key in keys if key.runner.is_online(now=fleet.now)]
    if not online:
        return _away(keys, fleet)
    able = [key for key in online if _can_run(key, sites)]
    return _resting(able) if able else _unable(online, sites)


def _resting(able: list[RunnerKey]) -> Hold | None:
    if all(key.runner.paused for key in able):
        said = _("Every runner that may take it is paused. Resume one of: %(names)s.")
    elif all(key.runner.paused or key.runner.status == RunnerStatus.DRAINING for key in able):
        said = _("Every runner that may take it is about to stop. Start one of: %(names)s.")
    else:
        return None
    return Hold(Cause.RESTING, said % {"names": _names(able)})


def _waits(job: ScrapeJob, sites: dict[str, Site], fleet: Fleet) -> Hold:
    if job.run_after > fleet.now:
        return Hold(Cause.LATER, format_html(_("It waits until {} before it is offered again."), when(job.run_after)))
    if sites and all(site.is_full for site in sites.values()):
        return _full(sites)
    return Hold(Cause.FREE, _("It waits for a runner to be free."))


def _forbidden(job: ScrapeJob, fleet: Fleet) -> Hold:
    """No key allows it: name the scraper that none allows, else it is the combination."""
    alone = [slug for slug in job.scrapers if not any(key.allows([slug]) for key in fleet.keys)]
    if alone:
        said = _("No runner’s key allows %(scrapers)s. Widen a key, or issue one for it.")
        return Hold(Cause.FORBIDDEN, said % {"scrapers": ", ".join(alone)})
    said = _("No runner’s key allows %(scrapers)s together. Widen a key, or ask for fewer scrapers.")
    return Hold(Cause.FORBIDDEN, said % {"scrapers": ", ".join(job.scrapers)})


def _away(keys: list[RunnerKey], fleet: Fleet) -> Hold:
    names = _names(keys)
    if not any(key.runner.is_online(now=fleet.now) for key in fleet.keys):
        return Hold(Cause.NOBODY, _("No runner is online. Start one of: %(names)s.") % {"names": names})
    return Hold(Cause.AWAY, _("No runner that may take it is online. Start one of: %(names)s.") % {"names": names})


def _unable(online: list[RunnerKey], sites: dict[str, Site]) -> Hold:
    """Somebody is there and may, but reads no such definition, or lacks what its engine needs."""
    names = _names(online)
    for slug, site in sites.items():
        read = [key.runner for key in online if _reads(key.runner, site)]
        if not read:
            said = _(
                "The definition of %(scraper)s is of version %(version)d, which no runner that may take it reads. "
                "Update one of: %(names)s."
            )
            return Hold(Cause.TOO_OLD, said % {"scraper": slug, "version": site.schema_version, "names": names})
        if not any(_is_able(runner, site) for runner in read):
            said = _("%(scraper)s needs %(engine)s, which none of the runners that may take it has: %(names)s.")
            needed = " + ".join(site.engine.split("_then_"))
            return Hold(Cause.INCAPABLE, said % {"scraper": slug, "engine": needed, "names": names})
    said = _("No single runner that may take it can run %(scrapers)s together: %(names)s.")
    return Hold(Cause.INCAPABLE, said % {"scrapers": ", ".join(sites), "names": names})


def _full(sites: dict[str, Site]) -> Hold:
    parts = [
        ngettext(
            "%(scraper)s takes %(limit)d job at once (now: %(names)s)",
            "%(scraper)s takes %(limit)d jobs at once (now: %(names)s)",
            site.limit or 0,
        )
        % {"scraper": slug, "limit": site.limit, "names": ", ".join(site.holders)}
        for slug, site in sites.items()
    ]
    return Hold(Cause.FULL, _("It waits for its turn: %(sites)s.") % {"sites": "; ".join(parts)})


def _asker(key: RunnerKey) -> Asker:
    """The key's runner as it would ask; what it never said counts as said by nobody."""
    said = key.runner.capabilities
    return Asker(key.runner, key.allowed_scrapers, key.runner.schema_version, frozenset(said) if said else None)


def _can_run(key: RunnerKey, sites: dict[str, Site]) -> bool:
    asker = _asker(key)
    return all(asker.can_run(slug, site.schema_version, site.engine) for slug, site in sites.items())


def _reads(runner: Runner, site: Site) -> bool:
    return runner.schema_version is None or site.schema_version <= runner.schema_version


def _is_able(runner: Runner, site: Site) -> bool:
    return not runner.capabilities or set(site.engine.split("_then_")) <= set(runner.capabilities)


def _names(keys: Iterable[RunnerKey]) -> str:
    return ", ".join(sorted({key.runner.name for key in keys}))
