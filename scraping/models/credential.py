"""What lets a runner into a distributor's site, and who read it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from runners.models import RunnerKey
from scraping.models.job import ScrapeJob
from scraping.models.scraper import Scraper
from scraping.models.triggers import append_only


class ScraperCredential(models.Model):
    """One encrypted set of secrets (`{"username": …, "password": …}`) per scraper."""

    scraper = models.OneToOneField(Scraper, on_delete=models.PROTECT, related_name="credential", primary_key=True)
    secret = models.TextField(editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "scraper_credentials"
        verbose_name = _("credentials")
        verbose_name_plural = _("credentials")

    def __str__(self) -> str:
        return str(self.scraper)


class CredentialRead(models.Model):
    """One reading of a secret: by which key, for which job. Never the value."""

    key = models.ForeignKey(RunnerKey, on_delete=models.PROTECT, related_name="credential_reads")
    scraper = models.ForeignKey(Scraper, on_delete=models.PROTECT, related_name="credential_reads")
    job = models.ForeignKey(ScrapeJob, on_delete=models.PROTECT, related_name="credential_reads")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "credential_reads"
        ordering = ["-id"]
        verbose_name = _("credential read")
        verbose_name_plural = _("credential reads")
        triggers = [append_only("credential_reads_kept")]

    def __str__(self) -> str:
        return f"{self.scraper}: {self.key}"
