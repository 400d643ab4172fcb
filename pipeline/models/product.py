"""A product on its way from the register's spreadsheet to the shop."""

import uuid
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from pipeline.stages import MOVES, SETTLED, Stage
from runners.protocol.words import Outcome
from scraping.models.triggers import moves


def stage_choices() -> list[tuple[str, str]]:
    return [
        (Stage.IMPORTED.value, _("Imported")),  # type: ignore[list-item]
        (Stage.ENHANCED.value, _("Enhanced")),  # type: ignore[list-item]
        (Stage.CONSOLIDATED.value, _("Ready for review")),  # type: ignore[list-item]
        (Stage.APPROVED.value, _("Approved")),  # type: ignore[list-item]
        (Stage.PUBLISHED.value, _("Published")),  # type: ignore[list-item]
        (Stage.REJECTED.value, _("Rejected")),  # type: ignore[list-item]
    ]


class NextArrival(Func):
    """The next number of the sequence that keeps products in order of arrival."""

    function = "nextval"
    output_field = models.BigIntegerField()

    def __init__(self) -> None:
        super().__init__(Value("products_arrival_seq"))

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__name__}", [], {}


class Product(models.Model):
    """One row of the register and all that became of it.

    `sources` is `{scraper: {field: value, …, "url", "scraped_at", "job"}}`; `consolidated` is
    `{field: {"value", "source", "reason", "locked_by"?, "at"}}`. `version` counts changes of sheet values, record and
    stage, not of sources. Amounts are in the shop's currency.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sku = models.TextField(_("SKU"), unique=True)
    register_name = models.TextField(_("register name"))
    target_price = models.DecimalField(_("target price"), max_digits=12, decimal_places=2, null=True, blank=True)
    stage = models.CharField(_("stage"), max_length=15, choices=stage_choices, default=Stage.IMPORTED)
    sources = models.JSONField(_("sources"), default=dict, blank=True)
    consolidated = models.JSONField(_("record"), default=dict, blank=True)
    last_outcome = models.CharField(_("last outcome"), max_length=20, blank=True)
    rejected_because = models.TextField(_("rejected because"), blank=True)
    trouble = models.TextField(_("trouble"), blank=True)
    news_at = models.DateTimeField(_("news since"), null=True, blank=True)
    exported_at = models.DateTimeField(_("last exported"), null=True, blank=True)
    stale = models.BooleanField(_("to be consolidated"), default=False)
    version = models.PositiveIntegerField(default=1)
    arrival = models.BigIntegerField(_("arrival"), db_default=NextArrival(), editable=False)
    created_at = models.DateTimeField(_("arrived"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        db_table = "products_ingestion"
        ordering = ["arrival"]
        verbose_name = _("product")
        verbose_name_plural = _("products")
        permissions = [
            ("import_products", "Can import spreadsheets"),
            ("enhance_products", "Can enhance products"),
            ("review_products", "Can review products"),
            ("export_products", "Can export products"),
        ]
        indexes = [
            models.Index(fields=["arrival"], name="products_arrival"),
            models.Index(fields=["stage", "arrival"], name="products_stage"),
            models.Index(fields=["news_at"], condition=Q(news_at__isnull=False), name="products_news"),
            models.Index(fields=["id"], condition=Q(stale=True), name="products_stale"),
            GinIndex(OpClass(Upper("sku"), name="gin_trgm_ops"), name="products_sku_search"),
            GinIndex(OpClass(Upper("register_name"), name="gin_trgm_ops"), name="products_name_search"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=[stage.value for stage in Stage]), name="products_stage_known"
            ),
            models.CheckConstraint(condition=~Q(sku="") & Q(sku=Func(F("sku"), function="btrim")), name="products_sku"),
            models.CheckConstraint(condition=~Q(register_name=""), name="products_register_name"),
            models.CheckConstraint(
                condition=Q(target_price__isnull=True) | Q(target_price__gte=0), name="products_target_price"
            ),
            models.CheckConstraint(
                condition=Q(last_outcome="") | Q(last_outcome__in=[word.value for word in Outcome]),
                name="products_last_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(stage="rejected") | ~Q(rejected_because=""), name="products_rejected_why"
            ),
        ]
        triggers = moves("products_moves", column="stage", allowed=MOVES, start={Stage.IMPORTED})

    def __str__(self) -> str:
        return f"{self.sku} {self.register_name}"

    @property
    def is_settled(self) -> bool:
        """Approved, published or rejected: only staff move it on."""
        return self.stage in SETTLED

    def value(self, field: str) -> Any:
        """The record's value of `field`, or None."""
        return (self.consolidated.get(field) or {}).get("value")
