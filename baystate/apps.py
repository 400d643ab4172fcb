from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class BaystateConfig(AppConfig):
    name = "baystate"


class AdminConfig(DjangoAdminConfig):
    """The admin with our header, index and links."""

    default_site = "baystate.admin.BayStateAdminSite"
