"""The pages of one import: upload, look at the plan, confirm it, see what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from pipeline import chores, tasks
from pipeline.admin.upload import UploadForm
from pipeline.models import ImportState, PlannedAction, ProductImport
from pipeline.spreadsheet import apply, plan, queries, reader, work
from pipeline.spreadsheet.reader import Kind
from scraping.doors import transact

Admin = admin.ModelAdmin[ProductImport]

LIST, PAGE = "admin:pipeline_productimport_changelist", "admin:pipeline_productimport_change"
PER_PAGE = 50
AT_ONCE_BYTES = {Kind.XLSX: 3_000_000, Kind.TEXT: 400_000}
"""So much, unpacked, is planned while the browser waits: about 5,000 rows. More is a chore."""
AT_ONCE_ROWS = 2_000
BUSY = (ImportState.UPLOADED, ImportState.APPLYING)


def receive(model_admin: Admin, request: HttpRequest) -> HttpResponse:
    """Take a file. A small one is planned at once, a large one by a chore."""
    _only_importers(model_admin, request)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        return redirect(PAGE, _received(request, *form.cleaned_data["file"]))
    context = {"title": _("Import spreadsheet"), "form": form, "limits": work.limits()}
    return _render(model_admin, request, "imports/upload.html", context)


def page(model_admin: Admin, request: HttpRequest, pk: UUID) -> HttpResponse:
    """An import as it stands, with the rows that the filter shows."""
    upload = _found(model_admin, request, pk)
    chosen = _filter(request.GET)
    rows = Paginator(queries.rows(pk, **chosen), PER_PAGE).get_page(request.GET.get("p"))
    facts = _facts(model_admin, request, upload)
    context = {"title": upload.file_name, "rows": rows, "chosen": chosen, "tabs": _tabs(facts["counts"]), **facts}
    context["shown"] = queries.to_apply(pk, **chosen).count() if any(chosen.values()) else None
    return _render(model_admin, request, "imports/page.html", context)


def progress(model_admin: Admin, request: HttpRequest, pk: UUID) -> JsonResponse:
    """The head of the page as it is now, and whether it still changes by itself: `{"parts": {"head"}, "busy"}`."""
    facts = _facts(model_admin, request, _found(model_admin, request, pk))
    head = render_to_string("imports/head.html", facts, request=request)
    return JsonResponse({"parts": {"head": head}, "busy": facts["busy"]})


def confirm(model_admin: Admin, request: HttpRequest, pk: UUID) -> HttpResponse:
    """Apply all that is planned, or with `which=shown` only what the filter showed."""
    _only_importers(model_admin, request)
    chosen = _filter(request.POST) if request.POST.get("which") == "shown" else {}
    at_once = queries.to_apply(pk, **chosen).count() <= AT_ONCE_ROWS
    with transact():
        confirmed = apply.confirm(pk, by=cast("User", request.user), **chosen)
        if confirmed and not at_once:
            tasks.nudge_import(pk, ImportState.APPLYING)
    if not confirmed:
        messages.info(request, _("Nothing was left to apply, or it is being applied already."))
    elif at_once:
        _now_or_soon(work.apply_upload, pk, ImportState.APPLYING)
    return redirect(PAGE, pk)


def discard(model_admin: Admin, request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forget a plan that was never confirmed."""
    _only_importers(model_admin, request)
    with transact():
        gone = plan.discard(pk)
    if not gone:
        messages.warning(request, _("This plan was confirmed already; its history is kept."))
        return redirect(PAGE, pk)
    messages.success(request, _("The plan was discarded. No product was changed."))
    return redirect(LIST)


def download(model_admin: Admin, request: HttpRequest, pk: UUID) -> HttpResponse:
    """The file as it was uploaded."""
    upload = _found(model_admin, request, pk)
    headers = {"X-Content-Type-Options": "nosniff"}
    answer = HttpResponse(bytes(upload.content), content_type="application/octet-stream", headers=headers)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=upload.file_name)
    return answer


def _received(request: HttpRequest, content: bytes, name: str) -> UUID:
    at_once = reader.unpacked(content) <= AT_ONCE_BYTES[reader.sniff(content)]
    with transact():
        upload = plan.receive(content, file_name=name, by=cast("User", request.user))
        if not at_once:
            tasks.nudge_import(upload.pk, ImportState.UPLOADED)
    if at_once:
        _now_or_soon(work.plan_upload, upload.pk, ImportState.UPLOADED)
    return upload.pk


def _now_or_soon(act: Callable[[UUID], None], pk: UUID, state: ImportState) -> None:
    """Do it while the browser waits; if a lock is not to be had, a chore goes on."""
    try:
        act(pk)
    except OperationalError:
        tasks.nudge_import(pk, state)


def _found(model_admin: Admin, request: HttpRequest, pk: UUID) -> ProductImport:
    upload = get_object_or_404(ProductImport.objects.defer("content").select_related("created_by", "applied_by"), pk=pk)
    if not model_admin.has_view_permission(request, upload):
        raise PermissionDenied
    return upload


def _only_importers(model_admin: Admin, request: HttpRequest) -> None:
    if not model_admin.has_add_permission(request):
        raise PermissionDenied


def _filter(values: Any) -> dict[str, str]:
    action = values.get("action", "")
    known = action in PlannedAction.values or action == queries.WARNINGS
    return {"action": action if known else "", "search": values.get("search", "").strip()}


def _facts(model_admin: Admin, request: HttpRequest, upload: ProductImport) -> dict[str, Any]:
    busy = upload.state in BUSY
    counts = {} if busy else queries.tally(upload.pk)
    return {
        "upload": upload,
        "counts": counts,
        "busy": busy,
        "worker_missing": busy and chores.worker_is_missing(),
        "may_import": model_admin.has_add_permission(request),
        "left": 0 if busy else queries.to_apply(upload.pk).count(),
        "brought": counts.get("created", 0) + counts.get("updated", 0),
    }


def _tabs(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """The filters that show something: value, label, how many rows."""
    actions = [(action.value, str(action.label), counts.get(action.value, 0)) for action in PlannedAction]
    every = ("", _("all"), sum(count for _value, _label, count in actions))
    warned = (queries.WARNINGS, _("with a warning"), counts.get(queries.WARNINGS, 0))
    return [every, *(tab for tab in [*actions, warned] if tab[2])]


def _render(model_admin: Admin, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
    common = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts}
    return TemplateResponse(request, template, common | context)
