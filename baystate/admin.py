"""The admin site: its name, and the pages that belong to no table."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from scraping import operations


def nowhere(request: HttpRequest, address: str) -> HttpResponse:
    """Stands before "view on site", which none of our models has and which stumbles over ids that are no UUIDs."""
    raise Http404


class BayStateAdminSite(admin.AdminSite):
    site_header = "Bay State"
    site_title = "Bay State"
    index_title = _("Products, from the register to the shop")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """`sees` says of which models this person may open the list: pages link no others."""
        sees = {model._meta.model_name: own.has_module_permission(request) for model, own in self._registry.items()}
        return super().each_context(request) | {"sees": sees}

    def get_urls(self) -> list[URLResolver | URLPattern]:
        own: list[URLResolver | URLPattern] = [
            path("operations/", self.admin_view(operations.page), name="operations"),
            path("r/<path:address>", nowhere),
            path("operations/changes/", self.admin_view(operations.changes), name="operations_changes"),
        ]
        return own + list(super().get_urls())
