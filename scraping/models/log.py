"""A job's log, gapless."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from runners import bell
from runners.conditions import is_one_of
from runners.protocol.words import LogLevel
from scraping.models.job import ScrapeJob
from scraping.models.triggers import append_only, kept_unless

RETENTION = "baystate.retention"


def log_levels() -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in LogLevel]


class ScrapeJobLog(models.Model):
    """One line.

    `position` counts from 1 without gap, given under the job's row lock; `seq` is the runner's own number.
    """

    # the unique constraint on (job, position) leads to a job's lines too
    job = models.ForeignKey(ScrapeJob, on_delete=models.PROTECT, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    seq = models.BigIntegerField(null=True)
    through = models.BigIntegerField(null=True)
    level = models.CharField(max_length=10, choices=log_levels)
    message = models.TextField()
    scraper = models.CharField(max_length=50, null=True)
    sku = models.TextField(null=True)
    logged_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "scrape_job_logs"
        ordering = ["job", "position"]
        verbose_name = _("log line")
        verbose_name_plural = _("log lines")
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="scrape_job_logs_position"),
            models.UniqueConstraint(fields=["job", "seq"], condition=Q(seq__isnull=False), name="scrape_job_logs_seq"),
            models.CheckConstraint(condition=is_one_of("level", LogLevel), name="scrape_job_logs_level"),
        ]
        indexes = [
            models.Index(
                fields=["job", "position"], condition=Q(level__in=["warning", "error"]), name="scrape_job_logs_serious"
            ),
        ]
        triggers = [
            append_only("scrape_job_logs_kept", operations=pgtrigger.Update),
            kept_unless("scrape_job_logs_retention", setting=RETENTION),
            bell.on_insert("scrape_job_logs_rings", kind="log", column="job_id"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.message[:60]}"


class ScrapeLogTrim(models.Model):
    """What retention removed: of the positions `first` to `last`, `count` lines. A job's trims follow one another."""

    job = models.ForeignKey(ScrapeJob, on_delete=models.PROTECT, related_name="trims")
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "scrape_log_trims"
        ordering = ["job", "last"]
        verbose_name = _("log trim")
        verbose_name_plural = _("log trims")
        constraints = [models.UniqueConstraint(fields=["job", "last"], name="scrape_log_trims_once")]
        triggers = [append_only("scrape_log_trims_kept")]

    def __str__(self) -> str:
        return f"{self.first}–{self.last}: {self.count}"
