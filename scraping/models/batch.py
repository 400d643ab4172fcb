"""One press of "Enhance"."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from runners import bell


class ScrapeBatch(models.Model):
    """Who asked for which scrapers, for how many SKUs; its jobs hold the SKUs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    source = models.CharField(_("asked from"), max_length=200, blank=True)
    scrapers = ArrayField(models.CharField(max_length=50), verbose_name=_("scrapers"))
    sku_count = models.PositiveIntegerField(_("SKUs"))
    max_runners = models.PositiveSmallIntegerField(_("runners at most"))
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)

    class Meta:
        db_table = "scrape_batches"
        ordering = ["-created_at"]
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        constraints = [
            models.CheckConstraint(condition=models.Q(scrapers__len__gt=0), name="scrape_batches_scrapers"),
        ]
        triggers = [
            bell.on_insert("scrape_batches_rings_new", kind="batch"),
            bell.on_change("scrape_batches_rings", kind="batch", columns=["scrapers", "sku_count"]),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def short(self) -> str:
        return str(self.id)[:8]
