from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScrapingConfig(AppConfig):
    name = "scraping"
    verbose_name = _("Scraping")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from scraping import checks, violations  # noqa: F401 - registers the check

        violations.watch()
