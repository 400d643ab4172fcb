"""A scraper's runs: its jobs, and the log of the one that works on its site now.

Whoever calls has been let in already.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from scraping import fence, runs
from scraping.admin import joblog
from scraping.lines import Filter
from scraping.models import ScrapeJob, Scraper


def show(request: HttpRequest, scraper: Scraper, site: dict[str, Any]) -> HttpResponse:
    """The page, with the `site`'s context.

    For `as=parts` JSON: what the page shows around the log, the `job` of the log, and its `log` unless the page says
    that it `have` it already.
    """
    key = fence.identity(request.GET.get("older"))
    older = ScrapeJob.objects.filter(pk=key).first() if key else None
    listed = runs.of(scraper.slug, after=older)
    job = runs.current(scraper.slug)
    context: dict[str, Any] = {"scraper": scraper, "older": older and older.pk, "runs": listed, "job": job}
    as_parts = request.GET.get("as") == "parts"
    if job and not (as_parts and fence.identity(request.GET.get("have")) == job.pk):
        context |= joblog.context(request, job, Filter(scraper=scraper.slug))
    if as_parts:
        return JsonResponse(_parts(request, context))
    title = _("Runs of %(scraper)s") % {"scraper": scraper}
    return TemplateResponse(request, "operations/runs.html", {**context, **site, "opts": Scraper._meta, "title": title})


def _parts(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    pages = {"current": "operations/runs_current.html", "runs": "operations/runs_table.html"}
    parts = {name: render_to_string(page, context, request) for name, page in pages.items()}
    log = render_to_string("operations/log.html", context, request) if "log" in context else None
    return {"parts": parts, "job": context["job"] and context["job"].pk, "log": log}
