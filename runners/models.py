"""Runners and the keys they work with."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from runners import bell
from runners.conditions import is_one_of
from runners.protocol.words import RunnerStatus


def runner_statuses() -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in RunnerStatus]


class Runner(models.Model):
    """One worker process somewhere. What it says of itself is stored; online and offline are computed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    status = models.CharField(_("status"), max_length=10, choices=runner_statuses, default=RunnerStatus.IDLE)
    last_seen = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)
    paused = models.BooleanField(_("paused"), default=False, help_text=_("A paused runner is offered no new jobs."))
    version = models.CharField(_("version"), max_length=50, blank=True, editable=False)
    schema_version = models.PositiveIntegerField(_("reads definitions up to"), null=True, blank=True, editable=False)
    capabilities = ArrayField(models.CharField(max_length=50), default=list, blank=True, editable=False)
    memory_mb = models.PositiveIntegerField(_("memory (MB)"), null=True, blank=True, editable=False)
    jobs_completed = models.PositiveIntegerField(_("jobs completed"), default=0, editable=False)
    last_words = models.CharField(_("last words"), max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        db_table = "scraper_runners"
        ordering = ["name"]
        verbose_name = _("runner")
        verbose_name_plural = _("runners")
        permissions = [("manage_runners", "Can manage runners and their keys")]
        constraints = [
            models.CheckConstraint(condition=is_one_of("status", RunnerStatus), name="scraper_runners_status")
        ]
        triggers = [
            bell.on_insert("scraper_runners_rings_new", kind="runner"),
            # each beat renews last_seen: only the first word after a silence is news
            bell.on_change(
                "scraper_runners_rings",
                kind="runner",
                columns=["name", "status", "paused", "version", "capabilities", "last_words"],
                also="NEW.last_seen IS NOT NULL AND (OLD.last_seen IS NULL "
                "OR NEW.last_seen > OLD.last_seen + interval '30 seconds')",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_online(self, *, now: datetime) -> bool:
        """Whether it spoke within `RUNNER_OFFLINE_SECONDS` of the database's `now`, also where that was set back."""
        if self.last_seen is None:
            return False
        return abs(now - self.last_seen) <= timedelta(seconds=settings.RUNNER_OFFLINE_SECONDS)


class RunnerKey(models.Model):
    """What a runner shows to be let in. Only the SHA-256 of its 256 random bits is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    runner = models.ForeignKey(Runner, on_delete=models.PROTECT, related_name="keys", verbose_name=_("runner"))
    prefix = models.CharField(_("key begins with"), max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    allowed_scrapers = ArrayField(
        models.CharField(max_length=50),
        null=True,
        blank=True,
        verbose_name=_("allowed scrapers"),
        help_text=_("Empty list: none. Unset: all, also those added later."),
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        db_table = "runner_api_keys"
        ordering = ["-created_at"]
        verbose_name = _("runner key")
        verbose_name_plural = _("runner keys")

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def allows(self, slugs: list[str]) -> bool:
        """Whether it may run every one of `slugs`: unset allows all, empty none, a list only those."""
        return self.allowed_scrapers is None or set(slugs) <= set(self.allowed_scrapers)
