"""An uploaded spreadsheet, what is planned for each of its rows, and what became of them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("being read")
    PLANNED = "planned", _("waiting for you")
    APPLYING = "applying", _("being applied")
    APPLIED = "applied", _("applied")
    FAILED = "failed", _("could not be read")


class PlannedAction(models.TextChoices):
    CREATE = "create", _("create")
    UPDATE = "update", _("update")
    SAME = "same", _("same")
    SKIP = "skip", _("skip")
    ERROR = "error", _("error")
    STALE = "stale", _("set aside")


def import_states() -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in ImportState.choices]


def planned_actions() -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in PlannedAction.choices]


class ProductImport(models.Model):
    """The file as uploaded and how it was understood.

    `mapping` says which column was read as what: `{"sheet", "fields": [{"field", "columns", "passed_over", "samples"}],
    "others": [{"column", "samples"}]}`; `chosen` is the filter whose rows were confirmed, `{"action", "search"}`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file_name = models.CharField(_("file"), max_length=255)
    content = models.BinaryField()
    checksum = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=import_states, default=ImportState.UPLOADED)
    problem = models.TextField(_("problem"), blank=True)
    mapping = models.JSONField(default=dict, blank=True)
    header_row = models.PositiveIntegerField(null=True, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    chosen = models.JSONField(default=dict, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    progress_at = models.DateTimeField(null=True, blank=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)

    class Meta:
        db_table = "product_imports"
        ordering = ["-created_at"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [models.CheckConstraint(condition=Q(state__in=ImportState.values), name="product_imports_state")]

    def __str__(self) -> str:
        return self.file_name


class ProductImportRow(models.Model):
    """One row verbatim, what is planned for it and why.

    `cells` is `{header: text}`; `problems` a list of `{"cell", "message", "level"}`; `current` the values the plan was
    made against and `product_version` the version they had.
    """

    product_import = models.ForeignKey(ProductImport, on_delete=models.PROTECT, related_name="rows")
    number = models.PositiveIntegerField(_("row"))
    cells = models.JSONField(default=dict)
    sku = models.TextField(_("SKU"), blank=True)
    register_name = models.TextField(_("register name"), blank=True)
    target_price = models.DecimalField(_("target price"), max_digits=12, decimal_places=2, null=True)
    action = models.CharField(_("planned"), max_length=10, choices=planned_actions)
    problems = models.JSONField(default=list)
    current = models.JSONField(null=True)
    product_version = models.PositiveIntegerField(null=True)
    applied = models.BooleanField(_("applied"), default=False)

    class Meta:
        db_table = "product_import_rows"
        ordering = ["product_import", "number"]
        verbose_name = _("row")
        verbose_name_plural = _("rows")
        indexes = [
            models.Index(fields=["product_import", "action", "number"], name="product_import_rows_action"),
            models.Index(fields=["product_import", "sku"], name="product_import_rows_sku"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["product_import", "number"], name="product_import_rows_number"),
            models.CheckConstraint(condition=Q(action__in=PlannedAction.values), name="product_import_rows_planned"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.sku}"

    def changes(self) -> dict[str, tuple[str | None, str | None]]:
        """What an update changes of the values it was planned against: `{field: (before, after)}`, prices as text."""
        current = self.current or {}
        price = None if self.target_price is None else str(self.target_price)
        wanted = {"register_name": self.register_name, "target_price": price}
        return {field: (current[field], new) for field, new in wanted.items() if current.get(field, new) != new}
