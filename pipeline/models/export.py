"""Files that left, kept so that they can be downloaded again."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ExportState(models.TextChoices):
    BUILDING = "building", _("being built")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


def export_states() -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in ExportState.choices]


class ProductExport(models.Model):
    """One export: which products, in which format, and the file itself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    format = models.CharField(_("format"), max_length=10)
    state = models.CharField(_("state"), max_length=10, choices=export_states, default=ExportState.BUILDING)
    problem = models.TextField(_("problem"), blank=True)
    products = ArrayField(models.UUIDField(), default=list)
    count = models.PositiveIntegerField(_("products"), default=0)
    content = models.BinaryField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    ready_at = models.DateTimeField(_("ready"), null=True, blank=True)

    class Meta:
        db_table = "product_exports"
        ordering = ["-created_at"]
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [models.CheckConstraint(condition=Q(state__in=ExportState.values), name="product_exports_state")]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.format}"
