"""The admin site: its name, and the pages that belong to no table."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from scraping import operations


class BayStateAdminSite(admin.AdminSite):
    site_header = "Bay State"
    site_title = "Bay State"
    index_title = _("Products, from the register to the shop")

    def get_urls(self) -> list[URLResolver | URLPattern]:
        own: list[URLResolver | URLPattern] = [
            path("operations/", self.admin_view(operations.page), name="operations"),
            path("operations/changes/", self.admin_view(operations.changes), name="operations_changes"),
        ]
        return own + list(super().get_urls())
