"""A key leaked: it is revoked, what its runner holds is handed on, and the passwords it read are named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from runners import keys
from runners.models import RunnerKey
from runners.protocol.words import JobStatus, Reason
from scraping import clock, jobs, recording
from scraping.models import CredentialRead, ScrapeJob


@dataclass(frozen=True)
class Revoked:
    """Whether the key was still valid, and the jobs that were handed on."""

    ended: bool
    handed_on: Sequence[ScrapeJob] = ()


def other_keys(key: RunnerKey, *, now: datetime | None = None) -> QuerySet[RunnerKey]:
    """The runner's other keys that still let it in."""
    unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=clock.at(now))
    return RunnerKey.objects.filter(unexpired, runner_id=key.runner_id, revoked_at__isnull=True).exclude(pk=key.pk)


def revoke(key: RunnerKey, *, hand_on: bool, now: datetime | None = None) -> Revoked:
    """End `key` for good; with `hand_on` its runner's jobs end too, and their successors can be claimed at once.

    A job does not know with which key it was claimed. Where the runner has no other key nobody can write to its jobs
    any more, so they are handed on whatever `hand_on` says. Needs a transaction.
    """
    ended = keys.revoke(key)
    if not hand_on and other_keys(key, now=now).exists():
        return Revoked(ended)
    held = ScrapeJob.objects.filter(runner_id=key.runner_id, status=JobStatus.RUNNING).annotate(clock=clock.at(now))
    said = _("The key {key} of {runner} was revoked.").format(key=key, runner=key.runner)
    handed_on = list(held.order_by("id").select_for_update(no_key=True))
    with recording.together():
        for job in handed_on:
            jobs.fail(job, reason=Reason.INTERRUPTED, error=said, at=job.clock, handed_back=True)
    return Revoked(ended, handed_on)


def passwords_read(key: RunnerKey) -> QuerySet[CredentialRead]:
    """The last reading of each scraper's password for each job, by scraper, the newest first."""
    reads = CredentialRead.objects.filter(key=key).order_by("scraper_id", "job_id", "-id")
    reads = reads.distinct("scraper_id", "job_id")
    listed = CredentialRead.objects.filter(pk__in=reads.values("pk")).select_related("scraper", "job")
    return listed.defer("job__context", "job__final_answer", "job__skus").order_by("scraper__slug", "-at")
