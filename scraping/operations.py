"""The operations page: what needs a person, what runs, who works, what ended, and how the last hours went.

Scripts ask `changes` for the parts that have changed; without scripts the page is complete.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from runners.protocol.words import JobStatus
from scraping import attention, board, clock, filters, plots, queries, waiting, wording

LOOKERS = attention.OPERATIONS_LOOKERS
PARTS = ("attention", "now", "runners", "recent")
PLOT_PARTS = ("plot_data", "plot_table", "plot_scrapers")


def page(request: HttpRequest) -> HttpResponse:
    """The whole page, complete without a script."""
    _refuse_strangers(request)
    facts = _facts(request, plotted=True)
    context = {**admin.site.each_context(request), "title": _("Operations"), **facts}
    return TemplateResponse(request, "operations/page.html", context)


def changes(request: HttpRequest) -> JsonResponse:
    """The page's parts as they are now: `{"parts": {name: html}}`; those of the plots where `plots` is asked for."""
    _refuse_strangers(request)
    plotted = "plots" in request.GET
    facts = _facts(request, plotted=plotted)
    names = (*PARTS, *PLOT_PARTS) if plotted else PARTS
    parts = {name: render_to_string(f"operations/{name}.html", facts, request=request) for name in names}
    return JsonResponse({"parts": parts})


def back(request: HttpRequest) -> str:
    """Where a button of this page returns to: the page as it was filtered; empty where another page asked."""
    query = request.POST.get("operations")
    return reverse("admin:operations") + query.partition("#")[0] if query is not None and query[:1] in {"", "?"} else ""


def _refuse_strangers(request: HttpRequest) -> None:
    if not any(request.user.has_perm(name) for name in LOOKERS):
        raise PermissionDenied


def _facts(request: HttpRequest, *, plotted: bool) -> dict[str, Any]:
    """Ages and states are by the database's clock."""
    scrapers, runners = waiting.scrapers(), queries.runners()
    asked = filters.read(request.GET, scrapers=[one.slug for one in scrapers], runners=[one.name for one in runners])
    drawn = plots.read(asked) if plotted else None
    now = drawn.now if drawn else clock.read()
    jobs = board.read(asked, scrapers=scrapers, now=now)
    cards = queries.runner_cards(now=now, known=runners, running=board.running(jobs.open))
    needs = attention.needs(known=attention.Known(cards, jobs.fleet, jobs.open), now=now)
    return {
        "asked": asked,
        "now": now,
        "scrapers": scrapers,
        "windows": filters.WINDOWS.values(),
        "default_window": filters.DEFAULT,
        "statuses": [(word.value, wording.label(word)) for word in JobStatus],
        "needs": [(need, need.ways_for(request.user)) for need in needs],
        "board": jobs,
        "cards": cards,
        "plots": drawn,
    }
