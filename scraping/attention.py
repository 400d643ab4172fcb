"""What needs a person now: each a sentence that says whose problem it is, its age, and the way out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from runners.models import RunnerKey
from runners.protocol.words import JobStatus, Outcome
from scraping import addresses, clock, queries, waiting, wording
from scraping.models import ScrapeJob, Scraper, ScraperState

WAITED_LONG = timedelta(seconds=60)
LOOK_BACK = timedelta(hours=24)
OPERATIONS_LOOKERS = ("scraping.view_operations", "scraping.manage_operations")
ACTORS = ("scraping.manage_operations",)
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
    thing: str = ""  # where the subject is not the same for as long as it stands

    @property
    def key(self) -> str:
        """The same for the same thing for as long as it stands, however its sentence changes."""
        return f"{self.word}:{self.thing or self.subject}"

    def ways_for(self, user: User | AnonymousUser) -> list[Way]:
        """What this person may do about it, the page to open first."""
        first = [Way(self.action, self.url, self.allowed)] if self.url else []
        return [way for way in [*first, *self.ways] if not way.allowed or any(map(user.has_perm, way.allowed))]


@dataclass(frozen=True)
class Known:
    """What a page has read already: every runner, who may work where, the jobs that are open."""

    cards: Iterable[queries.RunnerCard]
    fleet: waiting.Fleet
    open: Iterable[ScrapeJob]


def needs(*, known: Known | None = None, now: datetime | None = None) -> list[Need]:
    """All of them, the worst first."""
    now = now or clock.read()
    known = known or _read(now)
    found = [
        *_paused_scrapers(known.fleet.scrapers),
        *_troubled_scrapers(known.fleet.scrapers, now),
        *_gone_runners(known.cards, known.fleet.keys, now),
        *_waiting(known.open, known.fleet),
    ]
    found += [need for say in others.values() for need in say()]
    return sorted(found, key=lambda need: need.tone != "bad")


def _read(now: datetime) -> Known:
    jobs = ScrapeJob.objects.filter(status=JobStatus.PENDING, run_after__lt=now - WAITED_LONG).order_by("turn")
    fleet = waiting.survey(scrapers=waiting.scrapers(), now=now)
    return Known(queries.runner_cards(now=now), fleet, jobs.defer("context")[:200])


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
    return addresses.page("scraping_scraper_change", scraper.pk)


def _switch(scraper: Scraper, to: ScraperState, label: str) -> Way:
    url = addresses.page("scraping_scraper_switch", scraper.pk)
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
    for slug, word, number, last, job in queries.trouble_by_scraper(LOOK_BACK, now=now):
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
            (*_mend(known.get(slug), Outcome(word)), Way(_("Retry last job…"), _retry_page(job), ACTORS)),
        )


def _retry_page(job: UUID) -> str:
    return addresses.page("scraping_scrapejob_retry", job)


def _mend(scraper: Scraper | None, outcome: Outcome) -> tuple[Way, ...]:
    """Ways out of trouble with a site: change what is wrong, or leave the site alone meanwhile."""
    if scraper is None:
        return ()
    edit = Way(_("Edit definition"), _page(scraper), ("scraping.manage_scrapers",))
    if outcome is Outcome.LOGIN_FAILED:
        secrets = addresses.page("scraping_scraper_credentials", scraper.pk)
        edit = Way(_("Set password"), secrets, ("scraping.manage_credentials",))
    return (edit, _switch(scraper, ScraperState.PAUSED, _("Pause"))) if scraper.is_active else (edit,)


def _gone_runners(cards: Iterable[queries.RunnerCard], keys: Iterable[RunnerKey], now: datetime) -> Iterator[Need]:
    missed = [card for card in cards if _is_missed(card, now)]
    keyed = {key.runner_id for key in keys}
    for card in missed:
        said = _("It stopped speaking. Look at its machine, or start it again.")
        ways = [
            Way(_("Open job %(job)s") % {"job": job.short}, _job_page(job), OPERATIONS_LOOKERS) for job in card.jobs[:1]
        ]
        if card.runner.pk not in keyed:
            said = _("It has no valid key: the last one was revoked or has expired. Give it a new one.")
            new_key = addresses.page("runners_runner_key", card.runner.pk)
            ways.append(Way(_("New key"), new_key, ("runners.manage_runners",)))
        held = _(" It holds a job, which another runner gets when its time is up.") if card.jobs else ""
        yield Need(
            "bad" if card.jobs else "warn",
            _("runner gone"),
            card.runner.name,
            said + held,
            card.runner.last_seen,
            addresses.page("runners_runner_change", card.runner.pk),
            _("Open runner"),
            RUNNER_LOOKERS,
            tuple(ways),
        )


def _job_page(job: ScrapeJob) -> str:
    return addresses.page("scraping_scrapejob_change", job.pk)


def _is_missed(card: queries.RunnerCard, now: datetime) -> bool:
    seen = card.runner.last_seen
    return not card.online and seen is not None and (seen >= now - LOOK_BACK or bool(card.jobs))


def _waiting(jobs: Iterable[ScrapeJob], fleet: waiting.Fleet) -> Iterator[Need]:
    """Jobs that have waited a minute for something that time does not bring; those for the same scrapers together.

    The scrapers tell it from others, not the sentence: that names runners, which come and go.
    """
    long_ago = fleet.now - WAITED_LONG
    listed = [job for job in jobs if job.status == JobStatus.PENDING and job.run_after < long_ago]
    holds = waiting.holds(listed, fleet=fleet)
    alike: dict[str, list[ScrapeJob]] = {}
    for job in listed:
        if holds[job.pk].cause.standing:
            alike.setdefault(" ".join(sorted(job.scrapers)), []).append(job)
    for scrapers, held in alike.items():
        yield _waits(scrapers, holds[held[0].pk].sentence, held)


def _waits(scrapers: str, sentence: str, held: list[ScrapeJob]) -> Need:
    one = len(held) == 1
    pages = f"{reverse('admin:scraping_scrapejob_changelist')}?status__exact={JobStatus.PENDING}"
    runners = Way(_("Runners"), reverse("admin:runners_runner_changelist"), RUNNER_LOOKERS)
    cancel = Way(_("Cancel…"), addresses.page("scraping_scrapejob_cancel", held[0].pk), ACTORS)
    return Need(
        "warn",
        _("waiting"),
        _("job %(job)s") % {"job": held[0].short} if one else _("%(n)d jobs") % {"n": len(held)},
        sentence,
        min(job.created_at for job in held),
        _job_page(held[0]) if one else pages,
        _("Open job") if one else _("Show jobs"),
        OPERATIONS_LOOKERS,
        (runners, cancel) if one else (runners,),
        thing=scrapers,
    )
