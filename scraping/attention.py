"""What needs a person now: each a sentence that says whose problem it is, its age, and the way out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from runners.models import RunnerKey
from runners.protocol.words import JobStatus, Outcome
from scraping import queries, wording
from scraping.models import ScrapeJob, Scraper, ScraperState

WAITED_LONG = timedelta(seconds=60)
LOOK_BACK = timedelta(hours=24)
OPERATIONS_LOOKERS = ("scraping.view_operations", "scraping.manage_operations")
OPERATIONS_ACTORS = ("scraping.manage_operations",)
SCRAPER_LOOKERS = ("scraping.view_scraper", "scraping.manage_scrapers", "scraping.manage_credentials")
RUNNER_LOOKERS = ("runners.view_runner", "runners.manage_runners")
others: dict[str, "Callable[[], Iterable[Need]]"] = {}  # what rooms above have to say, by their name


@dataclass(frozen=True)
class Way:
    """Something to do: a page to open, or, where there is a `to`, a button that posts it. Any of `allowed` lets one."""

    label: str
    url: str
    allowed: tuple[str, ...] = ()
    to: str = ""


@dataclass(frozen=True)
class Need:
    """One thing under "Needs attention". `tone` is bad or warn; any of `allowed` lets one open `url`."""

    tone: str
    word: str
    subject: str
    sentence: str
    since: datetime | None
    url: str
    action: str
    allowed: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True)
class Known:
    """What a page has read already: every runner, every scraper, the jobs that are open."""

    cards: Iterable[queries.RunnerCard]
    scrapers: Iterable[Scraper]
    open: Iterable[ScrapeJob]


def needs(*, known: Known | None = None, now: datetime | None = None) -> list[Need]:
    """All of them, the worst first."""
    now = now or timezone.now()
    known = known or _read(now)
    found = [
        *_paused_scrapers(known.scrapers),
        *_troubled_scrapers(known.scrapers, now),
        *_gone_runners(known.cards, now),
        *_waiting(known.open, now),
    ]
    found += [need for say in others.values() for need in say()]
    return sorted(found, key=lambda need: need.tone != "bad")


def _read(now: datetime) -> Known:
    waiting = ScrapeJob.objects.filter(status=JobStatus.PENDING, run_after__lt=now - WAITED_LONG)
    return Known(queries.runner_cards(now=now), Scraper.objects.all(), waiting[:200])


def _paused_scrapers(scrapers: Iterable[Scraper]) -> Iterator[Need]:
    for scraper in scrapers:
        if scraper.is_active:
            continue
        yield Need(
            "warn",
            _("paused"),
            scraper.slug,
            " ".join(filter(None, [scraper.state_reason, _("Jobs that need it wait until it is resumed.")])),
            scraper.state_since,
            _page(scraper),
            _("Open scraper"),
            SCRAPER_LOOKERS,
            (_switch(scraper, ScraperState.ACTIVE, _("Resume")),),
        )


def _page(scraper: Scraper) -> str:
    return reverse("admin:scraping_scraper_change", args=[scraper.pk])


def _switch(scraper: Scraper, to: ScraperState, label: str) -> Way:
    url = reverse("admin:scraping_scraper_switch", args=[scraper.pk])
    return Way(label, url, ("scraping.manage_scrapers",), to.value)


def _troubled_scrapers(scrapers: Iterable[Scraper], now: datetime) -> Iterator[Need]:
    say = {
        Outcome.LOGIN_FAILED: _("The site refused the login. Check the scraper’s user name and password."),
        Outcome.BLOCKED: _("The site blocked us. Slow the scraper down or talk to the distributor."),
        Outcome.LAYOUT_CHANGED: _(
            "A page had neither a product nor “no results”. The site probably changed its pages: mend the definition."
        ),
    }
    known = {scraper.slug: scraper for scraper in scrapers}
    pages = reverse("admin:scraping_scraperesult_changelist")
    for slug, word, number, last in queries.trouble_by_scraper(LOOK_BACK, now=now):
        count = ngettext("%(n)d product in 24 hours.", "%(n)d products in 24 hours.", number) % {"n": number}
        yield Need(
            "bad",
            wording.label(word),
            slug,
            f"{say[Outcome(word)]} {count}",
            last,
            f"{pages}?{urlencode({'scraper': slug, 'outcome__exact': word})}",
            _("Show pages"),
            OPERATIONS_LOOKERS,
            _mend(known[slug], Outcome(word)) if slug in known else (),
        )


def _mend(scraper: Scraper, outcome: Outcome) -> tuple[Way, ...]:
    """Ways out of trouble with a site: change what is wrong, or leave the site alone meanwhile."""
    edit = Way(_("Edit definition"), _page(scraper), ("scraping.manage_scrapers",))
    if outcome is Outcome.LOGIN_FAILED:
        secrets = reverse("admin:scraping_scraper_credentials", args=[scraper.pk])
        edit = Way(_("Set password"), secrets, ("scraping.manage_credentials",))
    return (edit, _switch(scraper, ScraperState.PAUSED, _("Pause"))) if scraper.is_active else (edit,)


def _gone_runners(cards: Iterable[queries.RunnerCard], now: datetime) -> Iterator[Need]:
    missed = [card for card in cards if _is_missed(card, now)]
    keyed = {key.runner_id for key in usable_keys(now=now)} if missed else set()
    for card in missed:
        said = _("It stopped speaking. Look at its machine, or start it again.")
        ways = [
            Way(_("Open job %(job)s") % {"job": job.short}, _job_page(job), OPERATIONS_LOOKERS) for job in card.jobs[:1]
        ]
        if card.runner.pk not in keyed:
            said = _("It has no valid key: the last one was revoked or has expired. Give it a new one.")
            new_key = reverse("admin:runners_runner_key", args=[card.runner.pk])
            ways.append(Way(_("New key"), new_key, ("runners.manage_runners",)))
        held = _(" It holds a job, which another runner gets when its time is up.") if card.jobs else ""
        yield Need(
            "bad" if card.jobs else "warn",
            _("runner gone"),
            card.runner.name,
            said + held,
            card.runner.last_seen,
            reverse("admin:runners_runner_change", args=[card.runner.pk]),
            _("Open runner"),
            RUNNER_LOOKERS,
            tuple(ways),
        )


def _job_page(job: ScrapeJob) -> str:
    return reverse("admin:scraping_scrapejob_change", args=[job.pk])


def _is_missed(card: queries.RunnerCard, now: datetime) -> bool:
    seen = card.runner.last_seen
    return not card.online and seen is not None and (seen >= now - LOOK_BACK or bool(card.jobs))


def _waiting(open_jobs: Iterable[ScrapeJob], now: datetime) -> Iterator[Need]:
    """Jobs that have waited a minute and that no runner which is online may take."""
    long_ago = now - WAITED_LONG
    waiting = [job for job in open_jobs if job.status == JobStatus.PENDING and job.run_after < long_ago]
    if not waiting:
        return
    keys = [key for key in usable_keys(now=now) if key.runner.is_online(now=now) and not key.runner.paused]
    for job in waiting:
        if any(key.allows(job.scrapers) for key in keys):
            continue
        yield Need(
            "warn",
            _("waiting"),
            _("job %(job)s") % {"job": job.short},
            _("It needs %(scrapers)s; no runner at work may use them all. Start or resume one, or widen its key.")
            % {"scrapers": ", ".join(job.scrapers)},
            job.created_at,
            _job_page(job),
            _("Open job"),
            OPERATIONS_LOOKERS,
            (
                Way(_("Runners"), reverse("admin:runners_runner_changelist"), RUNNER_LOOKERS),
                Way(_("Cancel…"), reverse("admin:scraping_scrapejob_cancel", args=[job.pk]), OPERATIONS_ACTORS),
            ),
        )


def usable_keys(*, now: datetime | None = None) -> list[RunnerKey]:
    """Keys that let a runner in: neither revoked nor expired."""
    now = now or timezone.now()
    keys = RunnerKey.objects.select_related("runner").filter(revoked_at__isnull=True)
    return [key for key in keys if key.expires_at is None or key.expires_at > now]
