"""The operations page: what runs, what ended, who works, what needs a person. The socketless form polls `changes`."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from scraping import attention, queries

LOOKERS = ("scraping.view_operations", "scraping.manage_operations")
PARTS = ("attention", "now", "runners", "recent")


def page(request: HttpRequest) -> HttpResponse:
    """The whole page, complete without a script."""
    _refuse_strangers(request)
    context = {**admin.site.each_context(request), "title": _("Operations"), **_facts()}
    return TemplateResponse(request, "operations/page.html", context)


def changes(request: HttpRequest) -> JsonResponse:
    """The page's parts as they are now: `{"parts": {name: html}}`."""
    _refuse_strangers(request)
    facts = _facts()
    parts = {name: render_to_string(f"operations/{name}.html", facts, request=request) for name in PARTS}
    return JsonResponse({"parts": parts})


def _refuse_strangers(request: HttpRequest) -> None:
    if not any(request.user.has_perm(name) for name in LOOKERS):
        raise PermissionDenied


def _facts() -> dict[str, Any]:
    working, cards = queries.open_rows(), queries.runner_cards()
    return {
        "needs": attention.needs(cards=cards),
        "working": working,
        "batches": len({row.job.batch_id for row in working}),
        "units_done": sum(row.tally.done for row in working),
        "units_total": sum(row.tally.total for row in working),
        "cards": cards,
        "recent": queries.recent_rows(),
    }
