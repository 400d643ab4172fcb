"""Exports in the admin: what left, ready to be downloaded again."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline import chores
from pipeline.export.files import Format
from pipeline.models import ExportState, ProductExport
from scraping.templatetags.operations import ago

TONES = {ExportState.BUILDING: "run", ExportState.READY: "ok", ExportState.FAILED: "bad"}


@admin.register(ProductExport)
class ExportAdmin(admin.ModelAdmin[ProductExport]):
    """Exports are made from the product list; here they are looked at and downloaded."""

    list_display = ["asked", "format", "count", "state_word", "created_by", "file"]
    list_display_links = ["asked"]
    list_filter = ["state"]
    list_per_page = 50
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: ProductExport | None = None) -> bool:
        return request.user.has_perm("pipeline.export_products")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ProductExport | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ProductExport | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ProductExport]":
        exports = super().get_queryset(request)
        return exports.defer("content", "products").select_related("created_by")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/file/", view(self.download), name="pipeline_productexport_file"),
            path("<uuid:pk>/changes/", view(self.changes), name="pipeline_productexport_changes"),
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._refuse_strangers(request)
        export = self.get_object(request, unquote(object_id))
        if export is None:
            raise Http404
        context = {**self.admin_site.each_context(request), **_facts(export), "opts": self.opts, "title": _("Export")}
        return TemplateResponse(request, "products/exported.html", context)

    def changes(self, request: HttpRequest, pk: UUID) -> JsonResponse:
        """The page's part as it is now: `{"parts": {"export": html}}`."""
        self._refuse_strangers(request)
        facts = _facts(get_object_or_404(self.get_queryset(request), pk=pk))
        html = render_to_string("products/exported_part.html", facts, request=request)
        return JsonResponse({"parts": {"export": html}, "end": not facts["waiting"]})

    def download(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The file, as it was when it was built."""
        self._refuse_strangers(request)
        export = get_object_or_404(ProductExport.objects.defer("products"), pk=pk, state=ExportState.READY)
        form = Format(export.format)
        name = f"products-{localtime(export.created_at):%Y-%m-%d-%H%M}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
        return HttpResponse(bytes(export.content or b""), content_type=form.content_type, headers=headers)

    def _refuse_strangers(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    # columns

    @admin.display(description=gettext_lazy("Asked"), ordering="created_at")
    def asked(self, export: ProductExport) -> SafeString | str:
        return ago(export.created_at)

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_word(self, export: ProductExport) -> SafeString:
        tone = TONES[ExportState(export.state)]
        return format_html('<span class="bs-pill {}">{}</span>', tone, export.get_state_display())

    @admin.display(description=gettext_lazy("File"))
    def file(self, export: ProductExport) -> SafeString | str:
        if export.state != ExportState.READY:
            return "–"
        address = reverse("admin:pipeline_productexport_file", args=[export.pk])
        return format_html('<a href="{}" download>{}</a>', address, _("Download"))


def _facts(export: ProductExport) -> dict[str, Any]:
    waiting = export.state == ExportState.BUILDING
    return {"export": export, "waiting": waiting, "worker_missing": waiting and chores.worker_is_missing()}
