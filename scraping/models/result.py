"""What became of a unit."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from runners.conditions import is_one_of
from runners.protocol.words import Outcome
from scraping.models.job import ScrapeJob

NEEDS_A_PERSON = [Outcome.LOGIN_FAILED.value, Outcome.BLOCKED.value, Outcome.LAYOUT_CHANGED.value]


def outcomes() -> list[tuple[str, str]]:
    return [(word.value, word.value.replace("_", " ")) for word in Outcome]


class ScrapeResult(models.Model):
    """One unit (SKU × scraper) of a root, counted once however many jobs saw it."""

    # found by its part in the constraint below
    root = models.ForeignKey(ScrapeJob, on_delete=models.PROTECT, related_name="results", db_index=False)
    job = models.ForeignKey(ScrapeJob, on_delete=models.PROTECT, related_name="recorded")
    sku = models.TextField(_("SKU"))
    scraper = models.CharField(_("scraper"), max_length=50)
    outcome = models.CharField(_("outcome"), max_length=20, choices=outcomes)
    message = models.TextField(_("message"), blank=True)
    fields = models.JSONField(default=dict)
    raw = models.JSONField(default=dict)
    url = models.TextField(_("address"), blank=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), null=True)
    version = models.PositiveIntegerField(_("scraper version"), null=True)
    scraped_at = models.DateTimeField(_("scraped"), null=True)
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)

    class Meta:
        db_table = "scrape_results"
        ordering = ["id"]
        verbose_name = _("result")
        verbose_name_plural = _("results")
        indexes = [
            models.Index(fields=["sku", "scraper", "id"], include=["outcome"], name="scrape_results_sku"),
            models.Index(
                fields=["recorded_at"], include=["scraper", "outcome", "milliseconds"], name="scrape_results_recent"
            ),
            models.Index(
                fields=["recorded_at"], condition=models.Q(outcome__in=NEEDS_A_PERSON), name="scrape_results_trouble"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["root", "sku", "scraper"], name="scrape_results_unit"),
            models.CheckConstraint(condition=is_one_of("outcome", Outcome), name="scrape_results_outcome"),
            models.CheckConstraint(
                condition=models.Q(url="") | models.Q(url__iregex=r"^https?://"), name="scrape_results_url"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} × {self.scraper}: {self.outcome}"

    @property
    def seconds(self) -> float | None:
        return None if self.milliseconds is None else self.milliseconds / 1000
