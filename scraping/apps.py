from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScrapingConfig(AppConfig):
    name = "scraping"
    verbose_name = _("Scraping")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from scraping import checks, health, meters  # noqa: F401 - registers the check
        from scraping.live import doorbell, hub

        health.probes["listener"] = lambda: doorbell.trouble(watched=hub.watchers() > 0)
        meters.watchers.set_function(hub.watchers)
