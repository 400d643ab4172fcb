from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PipelineConfig(AppConfig):
    name = "pipeline"
    verbose_name = _("Products")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from pipeline import chores, intake
        from scraping import attention
        from scraping.signals import results_recorded

        attention.others["chores"] = chores.needs
        results_recorded.connect(intake.receive, dispatch_uid="pipeline.intake")
