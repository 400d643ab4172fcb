from django.apps import AppConfig
from django.contrib.admin import apps as admin


class BaystateConfig(AppConfig):
    name = "baystate"


class AdminConfig(admin.AdminConfig):
    """The admin with our header, index and links."""

    default = False
    default_site = "baystate.admin.BayStateAdminSite"
