"""What was announced of the things that need attention."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ScrapeAlert(models.Model):
    """One thing from when it began to need attention until it was over; at most one that stands has a `key`.

    `gone_at`: since when it is not seen any more; `told`: by channel the last thing said of it, `begun` or `over`;
    `trouble`: by channel why the last message could not be delivered.
    """

    key = models.CharField(_("key"), max_length=300)
    word = models.CharField(_("what"), max_length=100)
    subject = models.CharField(_("whose"), max_length=200)
    sentence = models.TextField(_("sentence"))
    action = models.CharField(max_length=100)
    url = models.TextField(blank=True)
    since = models.DateTimeField(_("since"))
    gone_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(_("over"), null=True)
    told = models.JSONField(default=dict)
    announced_at = models.DateTimeField(_("announced"), null=True)
    trouble = models.JSONField(_("trouble"), default=dict)

    class Meta:
        db_table = "scrape_alerts"
        ordering = ["since", "id"]
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        indexes = [models.Index(fields=["over_at"], name="scrape_alerts_over")]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(over_at__isnull=True), name="scrape_alerts_standing")
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def state(self) -> str:
        return "over" if self.over_at else "begun"
