"""Scrapers and their immutable versions."""

import uuid

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from scraping.models.triggers import append_only


class ScraperState(models.TextChoices):
    ACTIVE = "active", _("active")
    PAUSED = "paused", _("paused")


def scraper_states() -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in ScraperState.choices]


class Scraper(models.Model):
    """One distributor site and how far it is trusted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(
        _("slug"),
        max_length=50,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]*\Z", _("Small letters, digits and hyphens."))],
    )
    display_name = models.CharField(_("name"), max_length=100)
    trust = models.PositiveSmallIntegerField(
        _("trust"), default=50, help_text=_("0–100. Where sources tie, the more trusted one wins.")
    )
    state = models.CharField(_("state"), max_length=10, choices=scraper_states, default=ScraperState.ACTIVE)
    state_reason = models.CharField(_("reason"), max_length=500, blank=True)
    state_since = models.DateTimeField(_("since"), auto_now_add=True)
    login_failures = models.PositiveSmallIntegerField(default=0, editable=False)
    max_parallel_jobs = models.PositiveSmallIntegerField(
        _("jobs at once"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_(
            "How many jobs may work on this site at once, across all runners. Empty: no limit. "
            "Where it is lowered, jobs that work there go on and none begins until there is room."
        ),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        db_table = "scrapers"
        ordering = ["slug"]
        verbose_name = _("scraper")
        verbose_name_plural = _("scrapers")
        permissions = [
            ("manage_scrapers", "Can manage scrapers"),
            ("manage_credentials", "Can manage credentials"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=ScraperState.values), name="scrapers_state"),
            models.CheckConstraint(condition=models.Q(slug__regex=r"^[a-z0-9][a-z0-9-]*$"), name="scrapers_slug"),
            models.CheckConstraint(condition=models.Q(trust__lte=100), name="scrapers_trust"),
            models.CheckConstraint(condition=models.Q(max_parallel_jobs__gte=1), name="scrapers_max_parallel_jobs"),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def is_active(self) -> bool:
        return self.state == ScraperState.ACTIVE

    def latest(self) -> "ScraperVersion | None":
        return self.versions.order_by("-number").first()


class ScraperVersion(models.Model):
    """A definition as it was saved: never changed, so that a result can say what read it."""

    scraper = models.ForeignKey(Scraper, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    definition = models.JSONField(_("definition"))
    created_at = models.DateTimeField(_("saved"), auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "scraper_versions"
        ordering = ["scraper", "-number"]
        verbose_name = _("scraper version")
        verbose_name_plural = _("scraper versions")
        constraints = [models.UniqueConstraint(fields=["scraper", "number"], name="scraper_versions_number")]
        triggers = [append_only("scraper_versions_kept")]

    def __str__(self) -> str:
        return f"{self.scraper} v{self.number}"
