"""What needs a person now: each a sentence that says whose problem it is, its age, and the way out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from runners.protocol.words import JobStatus, Outcome
from scraping import queries, waiting
from scraping.models import ScrapeJob, Scraper, ScraperState

WAITED_LONG = timedelta(seconds=60)
LOOK_BACK = timedelta(hours=24)
others: dict[str, "Callable[[], Iterable[Need]]"] = {}  # what rooms above have to say, by their name


@dataclass(frozen=True)
class Need:
    """One thing under "Needs attention". `tone` is bad or warn."""

    tone: str
    word: str
    subject: str
    sentence: str
    since: datetime | None
    url: str
    action: str
    thing: str = ""  # where the subject is not the same for as long as it stands

    @property
    def key(self) -> str:
        """The same for the same thing for as long as it stands, however its sentence changes."""
        return f"{self.word}:{self.thing or self.subject}"


def needs(*, cards: Iterable[queries.RunnerCard] | None = None, now: datetime | None = None) -> list[Need]:
    """All of them, the worst first. `cards` are the runners, where the page has read them already."""
    now = now or timezone.now()
    cards = queries.runner_cards(now=now) if cards is None else cards
    found = [*_paused_scrapers(), *_troubled_scrapers(now), *_gone_runners(cards, now), *_waiting(now)]
    found += [need for say in others.values() for need in say()]
    return sorted(found, key=lambda need: need.tone != "bad")


def _paused_scrapers() -> Iterator[Need]:
    for scraper in Scraper.objects.filter(state=ScraperState.PAUSED):
        yield Need(
            "warn",
            _("paused"),
            scraper.slug,
            " ".join(filter(None, [scraper.state_reason, _("Jobs that need it wait until it is resumed.")])),
            scraper.state_since,
            reverse("admin:scraping_scraper_change", args=[scraper.pk]),
            _("Open scraper"),
        )


def _troubled_scrapers(now: datetime) -> Iterator[Need]:
    say = {
        Outcome.LOGIN_FAILED: _("The site refused the login. Check the scraper’s user name and password."),
        Outcome.BLOCKED: _("The site blocked us. Slow the scraper down or talk to the distributor."),
        Outcome.LAYOUT_CHANGED: _(
            "A page had neither a product nor “no results”. The site probably changed its pages: mend the definition."
        ),
    }
    pages = reverse("admin:scraping_scraperesult_changelist")
    for slug, word, number, last in queries.trouble_by_scraper(LOOK_BACK, now=now):
        count = ngettext("%(n)d product in 24 hours.", "%(n)d products in 24 hours.", number) % {"n": number}
        yield Need(
            "bad",
            Outcome(word).value.replace("_", " "),
            slug,
            f"{say[Outcome(word)]} {count}",
            last,
            f"{pages}?{urlencode({'scraper': slug, 'outcome__exact': word})}",
            _("Show pages"),
        )


def _gone_runners(cards: Iterable[queries.RunnerCard], now: datetime) -> Iterator[Need]:
    missed = [card for card in cards if _is_missed(card, now)]
    keyed = {key.runner_id for key in waiting.usable_keys(now=now)} if missed else set()
    for card in missed:
        said = _("It stopped speaking. Look at its machine, or start it again.")
        if card.runner.pk not in keyed:
            said = _("It has no valid key: the last one was revoked or has expired. Give it a new one.")
        held = _(" It holds a job, which another runner gets when its time is up.") if card.jobs else ""
        yield Need(
            "bad" if card.jobs else "warn",
            _("runner gone"),
            card.runner.name,
            said + held,
            card.runner.last_seen,
            reverse("admin:runners_runner_change", args=[card.runner.pk]),
            _("Open runner"),
        )


def _is_missed(card: queries.RunnerCard, now: datetime) -> bool:
    seen = card.runner.last_seen
    return not card.online and seen is not None and (seen >= now - LOOK_BACK or bool(card.jobs))


def _waiting(now: datetime) -> Iterator[Need]:
    """Jobs that have waited a minute for something that time does not bring; those that wait for the same together."""
    jobs = ScrapeJob.objects.filter(status=JobStatus.PENDING, run_after__lt=now - WAITED_LONG).order_by("turn")
    listed = list(jobs.defer("context")[:200])
    holds = waiting.holds(listed, now=now)
    alike: dict[str, list[ScrapeJob]] = {}
    for job in listed:
        if holds[job.pk].cause.standing:
            alike.setdefault(holds[job.pk].sentence, []).append(job)
    for sentence, held in alike.items():
        yield _waits(sentence, held)


def _waits(sentence: str, held: list[ScrapeJob]) -> Need:
    one = len(held) == 1
    pages = f"{reverse('admin:scraping_scrapejob_changelist')}?status__exact={JobStatus.PENDING}"
    return Need(
        "warn",
        _("waiting"),
        _("job %(job)s") % {"job": held[0].short} if one else _("%(n)d jobs") % {"n": len(held)},
        sentence,
        min(job.created_at for job in held),
        reverse("admin:scraping_scrapejob_change", args=[held[0].pk]) if one else pages,
        _("Open job") if one else _("Show jobs"),
        thing=sentence,
    )
