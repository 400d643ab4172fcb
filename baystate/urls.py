"""Addresses: the admin, the runners' API."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/", include("scraping.api.urls")),
]
handler400 = "scraping.api.errors.bad_request"
handler500 = "scraping.api.errors.server_error"
