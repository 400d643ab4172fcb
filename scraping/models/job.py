"""A job: some SKUs, some scrapers, lent once to one runner."""

import uuid
from datetime import datetime

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from runners import bell
from runners.conditions import is_one_of
from runners.models import Runner
from runners.protocol.words import JobStatus, Reason
from scraping.models.batch import ScrapeBatch
from scraping.models.triggers import append_only, moves
from scraping.states import ENDED, MOVES


def job_statuses() -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in JobStatus]


def job_reasons() -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in Reason]


# what pages show of a job as it goes on
NEWS = ["status", "reason", "runner_id", "acknowledged_at", "step", "done", "total", "wanted", "cancel_requested_at"]
# What a job's columns say together. Kept by the trigger of its moves, whose function is read once; the text of CHECK
# constraints is read anew for each statement.
WHOLE = {
    "scrape_jobs_pending_is_free": "NEW.status <> 'pending' OR NEW.runner_id IS NULL",
    "scrape_jobs_running_is_held": "NEW.status <> 'running' OR NEW.runner_id IS NOT NULL"
    " AND NEW.started_at IS NOT NULL AND NEW.versions IS NOT NULL",
    "scrape_jobs_lease_while_running": "(NEW.status = 'running') = (NEW.lease_expires_at IS NOT NULL)",
    "scrape_jobs_ended_when": "(NEW.status IN ('completed', 'failed')) = (NEW.completed_at IS NOT NULL)",
    "scrape_jobs_failed_why": "(NEW.status = 'failed') = (NEW.reason IS NOT NULL)",
    "scrape_jobs_unclaimed_only_cancelled": "NEW.completed_at IS NULL OR NEW.runner_id IS NOT NULL"
    " OR NEW.reason IS NOT DISTINCT FROM 'cancelled'",
}


class ScrapeJob(models.Model):
    """One claim, one writer, one log, one history.

    `skus` and `scrapers` are never empty; `done` and `total` count units. `working` are the scrapers whose limit counts
    this job now, `wanted` those it waits for, `beat_seq` the newest beat that said so. `retried_by` asked for it
    where it is a retry by staff.
    """

    # what the row was read together with: the database's time, and what `scraping.offers.PINNED` is
    read_at: datetime
    pinned: str | None = None

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(ScrapeBatch, on_delete=models.PROTECT, related_name="jobs")
    root = models.ForeignKey("self", on_delete=models.PROTECT, related_name="chain", help_text=_("First of its chain."))
    retry_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="successors", db_index=False
    )
    retried_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    attempt = models.PositiveSmallIntegerField(default=1)
    skus = ArrayField(models.TextField(), verbose_name=_("SKUs"))
    scrapers = ArrayField(models.CharField(max_length=50), verbose_name=_("scrapers"))
    versions = models.JSONField(null=True, blank=True)
    context = models.JSONField(default=dict, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=job_statuses, default=JobStatus.PENDING)
    reason = models.CharField(_("reason"), max_length=20, choices=job_reasons, null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    test_mode = models.BooleanField(default=False)
    turn = models.DateTimeField(db_default=Now())
    run_after = models.DateTimeField(db_default=Now())
    runner = models.ForeignKey(
        Runner, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs", db_index=False
    )
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    lease_seconds = models.FloatField(default=45)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    started_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    acknowledge_by = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    progress_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(_("ended"), null=True, blank=True)
    step = models.CharField(_("step"), max_length=200, blank=True)
    working = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    wanted = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    beat_seq = models.BigIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    log_head = models.PositiveIntegerField(default=0)
    log_seq = models.BigIntegerField(default=0)
    log_counts = models.JSONField(default=dict, blank=True)
    log_bodies = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    log_closed = models.BooleanField(default=False)
    final_digest = models.CharField(max_length=64, blank=True)
    final_answer = models.JSONField(null=True, blank=True)

    class Meta:
        db_table = "scrape_jobs"
        ordering = ["-created_at"]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        permissions = [
            ("view_operations", "Can view operations"),
            ("manage_operations", "Can manage operations"),
        ]
        indexes = [
            # each change of status writes to all of these but the partial ones that it leaves
            models.Index(
                fields=["status", "turn", "id"], condition=Q(status__in=["pending", "running"]), name="scrape_jobs_open"
            ),
            models.Index(fields=["-created_at"], name="scrape_jobs_recent"),
            models.Index(
                fields=["-completed_at", "runner"], condition=Q(completed_at__isnull=False), name="scrape_jobs_ended"
            ),
            models.Index(fields=["retry_of"], condition=Q(retry_of__isnull=False), name="scrape_jobs_retries"),
            GinIndex(fields=["skus"], condition=Q(status__in=["pending", "running"]), name="scrape_jobs_open_skus"),
            GinIndex(fields=["scrapers"], name="scrape_jobs_scrapers"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["retry_of"], condition=~Q(root=F("id")), name="scrape_jobs_one_automatic_successor"
            ),
            models.CheckConstraint(condition=is_one_of("status", JobStatus), name="scrape_jobs_status"),
            models.CheckConstraint(condition=is_one_of("reason", Reason), name="scrape_jobs_reason"),
            models.CheckConstraint(condition=~Q(skus=[]), name="scrape_jobs_skus"),
            models.CheckConstraint(condition=~Q(scrapers=[]), name="scrape_jobs_scrapers"),
        ]
        triggers = [
            *moves(
                "scrape_jobs_moves",
                column="status",
                allowed=MOVES,
                start={JobStatus.PENDING},
                final=set(ENDED),
                once="runner_id",
                always=WHOLE,
            ),
            append_only("scrape_jobs_kept", operations=pgtrigger.Delete),
            bell.on_insert("scrape_jobs_rings_new", kind="job"),
            # a beat that only renews the lease is no news, and a log that grows rings by itself
            bell.on_change("scrape_jobs_rings", kind="job", columns=NEWS),
        ]

    def __str__(self) -> str:
        return self.short

    @property
    def short(self) -> str:
        return str(self.id)[:8]

    @property
    def ended(self) -> bool:
        return JobStatus(self.status).ended
