"""Why a job is where it is, in one sentence that says whose problem it is."""

from datetime import datetime

from django.utils import timezone
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from runners.protocol.words import JobStatus, Reason
from scraping import attention
from scraping.models import ScrapeJob, Scraper, ScraperState


def sentence(job: ScrapeJob, *, now: datetime | None = None) -> str:
    """What the job's page says under its title."""
    now = now or timezone.now()
    if job.status == JobStatus.PENDING:
        return _waiting(job, now)
    if job.status == JobStatus.RUNNING:
        return _working(job, now)
    if job.status == JobStatus.COMPLETED:
        return _("Its runner reported the end.")
    return _failed(job)


def _waiting(job: ScrapeJob, now: datetime) -> str:
    if job.run_after > now:
        return _("It waits %(time)s before it is offered again.") % {"time": timeuntil(job.run_after, now)}
    paused = Scraper.objects.filter(slug__in=job.scrapers, state=ScraperState.PAUSED).values_list("slug", flat=True)
    if paused:
        return _("It waits because %(scrapers)s is paused.") % {"scrapers": ", ".join(paused)}
    keys = [key for key in attention.usable_keys(now=now) if key.allows(job.scrapers)]
    if not keys:
        return _("No runner’s key allows %(scrapers)s together. Widen a key, or ask for fewer scrapers.") % {
            "scrapers": ", ".join(job.scrapers)
        }
    online = [key.runner for key in keys if key.runner.is_online(now=now)]
    if not online:
        names = ", ".join(sorted({key.runner.name for key in keys}))
        return _("No runner that may take it is online. Start one of: %(names)s.") % {"names": names}
    if all(runner.paused for runner in online):
        return _("Every runner that may take it is paused.")
    return _("It waits for a runner to be free.")


def _working(job: ScrapeJob, now: datetime) -> str:
    spoke = job.heartbeat_at or job.acknowledged_at or job.started_at or now
    words = {"runner": job.runner, "age": timesince(spoke, now)}
    if job.cancel_requested_at:
        return _("%(runner)s was asked to stop; it finishes the unit in hand.") % words
    if (now - spoke).total_seconds() < 60:
        return _("%(runner)s works on it.") % words
    return _("%(runner)s works on it, but last spoke of it %(age)s ago.") % words


def _failed(job: ScrapeJob) -> str:
    words = {"runner": job.runner or _("no runner"), "step": job.step or _("nothing yet")}
    return {
        Reason.ERROR: _("%(runner)s gave it up; its log says why."),
        Reason.INTERRUPTED: _("%(runner)s stopped speaking, in hand: %(step)s. What was open went to a new job."),
        Reason.CANCELLED: _("It was cancelled. What was recorded stays; the rest is skipped."),
        Reason.UNACKNOWLEDGED: _("%(runner)s took it and never answered. What was open went to a new job."),
        Reason.TIMEOUT: _("%(runner)s went on speaking but got no further, in hand: %(step)s."),
    }[Reason(job.reason or Reason.ERROR)] % words
