"""Why a job is where it is, in one sentence that says whose problem it is."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from runners.protocol.words import JobStatus, Outcome, Reason
from scraping import attention, chains
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
        return _("It waits %(time)s before it is offered again.") % {"time": _span(job.run_after - now)}
    paused = Scraper.objects.filter(slug__in=job.scrapers, state=ScraperState.PAUSED).values_list("slug", flat=True)
    if paused:
        return ngettext(
            "It waits because %(scrapers)s is paused. Resume it, or cancel this job.",
            "It waits because %(scrapers)s are paused. Resume them, or cancel this job.",
            len(paused),
        ) % {"scrapers": ", ".join(paused)}
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
        return _("Every runner that may take it is paused. Resume one of: %(names)s.") % {
            "names": ", ".join(sorted({runner.name for runner in online}))
        }
    return _("It waits for a runner to be free.")


def _working(job: ScrapeJob, now: datetime) -> str:
    spoke = job.heartbeat_at or job.acknowledged_at or job.started_at or now
    ends = job.lease_expires_at or now
    words = {"runner": job.runner, "age": _span(now - spoke), "left": _span(max(ends - now, timedelta()))}
    if ends - now < timedelta(seconds=job.lease_seconds) / 2:
        return _("%(runner)s last spoke of it %(age)s ago. If it stays silent, a new job goes on in %(left)s.") % words
    if job.cancel_requested_at:
        return _("%(runner)s was asked to stop; it finishes the unit in hand.") % words
    return _("%(runner)s works on it.") % words


def _failed(job: ScrapeJob) -> str:
    reason = Reason(job.reason or Reason.ERROR)
    silent = _("%(runner)s stopped speaking%(hand)s: its process, its machine or its network ended.")
    left = _("%(runner)s was told to stop and handed it back.")
    said = {
        Reason.ERROR: _("%(runner)s gave it up; its log says why."),
        Reason.INTERRUPTED: left if job.final_digest else silent,
        Reason.CANCELLED: _("It was cancelled. What was recorded stays; the rest is skipped."),
        Reason.UNACKNOWLEDGED: _("%(runner)s took it and never answered."),
        Reason.TIMEOUT: _("%(runner)s went on speaking but got no further%(hand)s."),
    }[reason]
    hand = chains.in_hand(job)
    words = {"runner": job.runner or _("no runner"), "hand": _(", in hand: %(sku)s") % {"sku": hand} if hand else ""}
    return said % words if reason is Reason.CANCELLED else f"{said % words} {_what_follows(job)}"


def _what_follows(job: ScrapeJob) -> str:
    """Where the units went that were open when the job failed."""
    successor = ScrapeJob.objects.filter(retry_of=job).only("id").first()
    if successor:
        return _("What was open goes on in job %(job)s; there is nothing to do here.") % {"job": successor.short}
    if job.recorded.filter(outcome=Outcome.UNREPORTED).exists():
        return _("It was the last attempt: what was open is recorded as unreported. Enhance those products again.")
    return _("Nothing was open.")


def _span(time: timedelta) -> str:
    """A duration in words: seconds below two minutes."""
    seconds = time.total_seconds()
    return _("%(n).0f s") % {"n": seconds} if seconds < 120 else timesince(timezone.now() - time)
