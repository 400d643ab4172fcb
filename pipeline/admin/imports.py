"""Imports in the admin: the list of uploads, and where the pages of one are found."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from pipeline.admin import importing
from pipeline.models import ImportState, PlannedAction, ProductImport
from pipeline.spreadsheet import queries
from scraping.templatetags.operations import ago

TONES = {
    ImportState.UPLOADED: "run",
    ImportState.PLANNED: "warn",
    ImportState.APPLYING: "run",
    ImportState.APPLIED: "ok",
    ImportState.FAILED: "bad",
}


@admin.register(ProductImport)
class ImportAdmin(admin.ModelAdmin[ProductImport]):
    """Uploads are added and looked at; what they change goes through a plan."""

    list_display = ["file_name", "state_word", "outcome", "who", "uploaded"]
    list_filter = ["state"]
    search_fields = ["file_name"]
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pipeline.import_products")

    def has_view_permission(self, request: HttpRequest, obj: ProductImport | None = None) -> bool:
        return self.has_add_permission(request) or super().has_view_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: ProductImport | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ProductImport | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProductImport]:
        return super().get_queryset(request).defer("content", "mapping").select_related("created_by")

    def get_urls(self) -> list[URLPattern]:
        reads = {"progress": importing.progress, "download": importing.download}
        writes = {"confirm": importing.confirm, "discard": importing.discard}
        doors = {name: partial(door, self) for name, door in reads.items()}
        doors |= {name: require_POST(partial(door, self)) for name, door in writes.items()}
        view = self.admin_site.admin_view
        own = [
            path(f"<uuid:pk>/{name}/", view(door), name=f"pipeline_productimport_{name}")
            for name, door in doors.items()
        ]
        return [*own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return importing.receive(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return importing.page(self, request, UUID(unquote(object_id)))
        except ValueError as error:
            raise Http404 from error

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_word(self, upload: ProductImport) -> SafeString:
        if upload.state == ImportState.PLANNED and not any(upload.counts.get(action) for action in queries.TO_APPLY):
            return format_html('<span class="bs-pill">{}</span>', _("nothing to apply"))
        tone = TONES[ImportState(upload.state)]
        return format_html('<span class="bs-pill {}">{}</span>', tone, upload.get_state_display())

    @admin.display(description=gettext_lazy("Rows"))
    def outcome(self, upload: ProductImport) -> str:
        counts = upload.counts
        said = [f"{counts[action.value]:,} {action.label}" for action in PlannedAction if counts.get(action.value)]
        return ", ".join(said) or "–"

    @admin.display(description=gettext_lazy("By"), ordering="created_by__username")
    def who(self, upload: ProductImport) -> str:
        return str(upload.created_by or "–")

    @admin.display(description=gettext_lazy("Uploaded"), ordering="created_at")
    def uploaded(self, upload: ProductImport) -> SafeString | str:
        return ago(upload.created_at)
