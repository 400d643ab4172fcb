"""Why a job is where it is, in one sentence that says whose problem it is."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from runners.protocol.words import JobStatus, Outcome, Reason
from scraping import chains, clock, waiting
from scraping.models import ScrapeJob
from scraping.templatetags.operations import when


def sentence(job: ScrapeJob, *, now: datetime | None = None) -> str:
    """What the job's page says under its title."""
    now = now or clock.read()
    if job.status == JobStatus.PENDING:
        return waiting.holds([job], now=now)[job.pk].sentence
    if job.status == JobStatus.RUNNING:
        return _working(job, now)
    if job.status == JobStatus.COMPLETED:
        return _("Its runner reported the end.")
    return _failed(job)


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
    """Who held it, what it had in hand and when it last spoke, then what became of the rest."""
    reason = Reason(job.reason or Reason.ERROR)
    if reason is Reason.CANCELLED:
        return _("It was cancelled. What was recorded stays; the rest is skipped.")
    lost = _("It was taken back from %(runner)s%(hand)s.")
    left = _("%(runner)s was told to stop and handed it back.")
    said = {
        Reason.ERROR: _("%(runner)s gave it up%(hand)s; its log says why."),
        Reason.INTERRUPTED: left if job.final_digest else lost,
        Reason.UNACKNOWLEDGED: _("%(runner)s took it and never answered."),
        Reason.TIMEOUT: _("%(runner)s went on speaking but got no further%(hand)s."),
    }[reason]
    words = {"runner": job.runner or _("no runner"), "hand": _hand(job)}
    return format_html("{} {} {}", said % words, _last(job, reason), _what_follows(job))


def _last(job: ScrapeJob, reason: Reason) -> str:
    """When it last did what it then failed to do."""
    if reason is Reason.TIMEOUT and job.progress_at:
        return format_html(_("It last got on {}."), when(job.progress_at))
    return format_html(_("It last spoke of it {}."), when(job.heartbeat_at)) if job.heartbeat_at else ""


def _hand(job: ScrapeJob) -> str:
    scraper, sku = chains.in_hand(job) or (None, None)
    if sku is None:
        return ""
    if scraper is None:
        return _(", in hand: %(sku)s") % {"sku": sku}
    return _(", in hand: %(sku)s at %(scraper)s") % {"sku": sku, "scraper": scraper}


def _what_follows(job: ScrapeJob) -> str:
    """Where the units went that were open when the job failed."""
    successor = ScrapeJob.objects.filter(retry_of=job, root_id=job.root_id).only("id", "status").first()
    if successor and successor.ended:
        return _("What was open went on in job %(job)s.") % {"job": successor.short}
    if successor:
        return _("What was open goes on in job %(job)s; there is nothing to do here.") % {"job": successor.short}
    if job.recorded.filter(outcome=Outcome.UNREPORTED).exists():
        return _("It was the last attempt: what was open is recorded as unreported and can be retried.")
    return _("Nothing was open.")


def _span(time: timedelta) -> str:
    """A duration in words: seconds below two minutes."""
    seconds = time.total_seconds()
    return _("%(n).0f s") % {"n": seconds} if seconds < 120 else timesince(timezone.now() - time)
