"""Since when somebody is there to hear the runners."""

from django.db import models


class Presence(models.Model):
    """One row for all web processes: when one last looked after the leases, and when they came back after a gap."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    seen_at = models.DateTimeField()
    resumed_at = models.DateTimeField()

    class Meta:
        db_table = "scraping_presence"
        verbose_name = "presence"
        verbose_name_plural = "presence"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="scraping_presence_one_row")]

    def __str__(self) -> str:
        return str(self.seen_at)
