"""The banner above the product list: enhancements that run, the reader's own first, until all are done."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.http import url_has_allowed_host_and_scheme

from pipeline.admin.selection import Admin
from scraping import queries
from scraping.models import ScrapeBatch, ScrapeResult

SHOWN = 5
DISMISSED = "dismissed_batches"
REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class Running:
    """A batch at work; `done` and `total` count units (SKU × scraper)."""

    batch: ScrapeBatch
    jobs: int
    done: int
    total: int
    mine: bool


def running(user: User | AnonymousUser, *, dismissed: Collection[str] = ()) -> list[Running]:
    """The open batches that were not dismissed, `user`'s first, then the newest. Two queries."""
    batches = list(queries.open_batches().select_related("requested_by").exclude(pk__in=list(dismissed)))
    recorded = ScrapeResult.objects.filter(job__batch__in=batches).order_by().values_list("job__batch")
    done = dict(recorded.annotate(Count("pk")))
    rows = (_row(batch, done.get(batch.pk, 0), user) for batch in batches)
    return sorted(rows, key=lambda row: not row.mine)


def context(request: HttpRequest) -> dict[str, Any]:
    """What the banner's template needs."""
    rows = running(request.user, dismissed=request.session.get(DISMISSED, []))
    return {"running": rows[:SHOWN], "more": max(0, len(rows) - SHOWN)}


def urls(model_admin: Admin) -> list[URLPattern]:
    view = model_admin.admin_site.admin_view
    return [
        path("banner/", view(partial(changes, model_admin)), name="pipeline_product_banner"),
        path("banner/<uuid:pk>/dismiss/", view(partial(dismiss, model_admin)), name="pipeline_product_dismiss"),
    ]


def changes(model_admin: Admin, request: HttpRequest) -> JsonResponse:
    """The banner as it is now: `{"parts": {"banner": html}}`."""
    _refuse_strangers(model_admin, request)
    html = render_to_string("products/banner.html", context(request), request=request)
    return JsonResponse({"parts": {"banner": html}})


def dismiss(model_admin: Admin, request: HttpRequest, pk: UUID) -> HttpResponse:
    """Hide one batch from this reader's banner; its jobs go on."""
    _refuse_strangers(model_admin, request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    request.session[DISMISSED] = [*request.session.get(DISMISSED, []), str(pk)][-REMEMBERED:]
    came_from = request.headers.get("referer", "")
    known = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    return redirect(came_from if known else "admin:pipeline_product_changelist")


def _refuse_strangers(model_admin: Admin, request: HttpRequest) -> None:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied


def _row(batch: ScrapeBatch, done: int, user: User | AnonymousUser) -> Running:
    total = batch.sku_count * len(batch.scrapers)
    jobs: int = batch.open_jobs  # type: ignore[attr-defined]  # annotated by the query
    mine = user.pk is not None and batch.requested_by_id == user.pk
    return Running(batch, jobs, min(done, total), total, mine)
