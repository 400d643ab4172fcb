from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScrapingConfig(AppConfig):
    name = "scraping"
    verbose_name = _("Scraping")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from scraping import checks, health, meters, violations  # noqa: F401 - registers the check
        from scraping.live import doorbell, hub

        def listener() -> str | None:
            deaf = hub.watchers() > 0 and not doorbell.alive()
            return "Somebody watches, and the listener hears nothing." if deaf else None

        health.probes["listener"] = listener
        meters.watchers.set_function(hub.watchers)
        violations.watch()
