"""The history of products: nothing typed or scraped is ever lost."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from pipeline.models.product import Product
from scraping.models.triggers import append_only


class ProductEvent(models.Model):
    """Who changed what, when and why. `by` is empty for what the machinery did; `actor` names it then."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(_("when"), auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
    )
    actor = models.CharField(_("what"), max_length=200, blank=True)
    field = models.CharField(_("field"), max_length=50)
    old = models.JSONField(_("before"), null=True)
    new = models.JSONField(_("after"), null=True)
    why = models.TextField(_("why"), blank=True)

    class Meta:
        db_table = "product_events"
        ordering = ["-id"]
        verbose_name = _("event")
        verbose_name_plural = _("history")
        indexes = [models.Index(fields=["product", "-id"], name="product_events_of")]
        triggers = [append_only("product_events_kept")]

    def __str__(self) -> str:
        return f"{self.field} of {self.product_id}"
