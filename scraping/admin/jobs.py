"""Jobs and results in the admin: read-only pages, a job's page with its units and its log."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scraping import doors, fence, grid, jobs, operations, queries, retries, why
from scraping.admin import acts, joblog
from scraping.admin.readonly import ReadOnlyAdmin, moment
from scraping.models import ScrapeJob, ScrapeResult
from scraping.templatetags.operations import ago, duration, pill

SKUS_A_PAGE = 50
JOB_PARTS = ("ways", "head", "units")


@admin.register(ScrapeJob)
class ScrapeJobAdmin(ReadOnlyAdmin):
    """Every job there was, the newest first."""

    view_permissions = operations.LOOKERS
    list_display = ["short_id", "state", "runner", "scraper_names", "progress", "took", "asked"]
    list_filter = ["status", "reason", "runner", "test_mode"]
    list_per_page = 50
    list_select_related = ["runner", "batch"]
    search_fields = ["id__exact", "batch__id__exact"]
    search_help_text = gettext_lazy("A whole job or batch id, or a SKU")
    change_form_template = "operations/job.html"
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScrapeJob]:
        return cast("QuerySet[ScrapeJob]", super().get_queryset(request)).defer("context", "final_answer")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """An id finds its job or batch; anything else is taken for a SKU."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            wanted = UUID(term)
        except ValueError:
            return queryset.filter(skus__contains=[term]), False
        return queryset.filter(pk=wanted) | queryset.filter(batch_id=wanted), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/changes/", view(self.changes), name="scraping_scrapejob_changes"),
            path("<uuid:pk>/lines/", view(self.lines), name="scraping_scrapejob_lines"),
            path("<uuid:pk>/error/", view(self.error), name="scraping_scrapejob_error"),
            path("<uuid:pk>/log/", view(self.download), name="scraping_scrapejob_log"),
            path("<uuid:pk>/cancel/", view(self.cancel), name="scraping_scrapejob_cancel"),
            path("<uuid:pk>/retry/", view(self.retry), name="scraping_scrapejob_retry"),
        ]
        return own + super().get_urls()

    # columns

    @admin.display(description=gettext_lazy("Job"), ordering="created_at")
    def short_id(self, job: ScrapeJob) -> str:
        return job.short

    @admin.display(description=gettext_lazy("Status"))
    def state(self, job: ScrapeJob) -> SafeString:
        return pill(job.reason or job.status)

    @admin.display(description=gettext_lazy("Scrapers"))
    def scraper_names(self, job: ScrapeJob) -> str:
        return ", ".join(job.scrapers)

    @admin.display(description=gettext_lazy("Units"))
    def progress(self, job: ScrapeJob) -> str:
        return f"{job.done} / {job.total}"

    @admin.display(description=gettext_lazy("Took"))
    def took(self, job: ScrapeJob) -> str:
        return duration(queries.seconds_at_work(job))

    @admin.display(description=gettext_lazy("Asked"), ordering="created_at")
    def asked(self, job: ScrapeJob) -> Any:
        return ago(job.created_at)

    # pages

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._refuse_strangers(request)
        key = fence.identity(unquote(object_id))
        job = get_object_or_404(queries.jobs(), pk=key)
        context = {
            **self.admin_site.each_context(request),
            **self._facts(request, job),
            **joblog.context(request, job),
            "opts": self.opts,
            "title": _("Job %(job)s") % {"job": job.short},
        }
        return TemplateResponse(request, "operations/job.html", context)

    def changes(self, request: HttpRequest, pk: UUID) -> JsonResponse:
        """The parts of the page that change beside its log: `{"parts": {name: html}}`."""
        facts = self._facts(request, self._job(request, pk))
        parts = {name: render_to_string(f"operations/job_{name}.html", facts, request=request) for name in JOB_PARTS}
        return JsonResponse({"parts": parts})

    def lines(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        return joblog.read(request, self._job(request, pk))

    def error(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        return joblog.error(request, self._job(request, pk))

    def download(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        return joblog.download(request, self._job(request, pk))

    def cancel(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask first; then a pending job ends at once and a running one is asked to stop."""
        job = acts.managed(request, queries.jobs(), pk)
        if request.method != "POST" and not job.ended:
            return acts.ask(request, "operations/cancel.html", {"job": job, "title": _("Cancel job?")})
        with doors.transact():
            said = jobs.cancel(job.pk)
        job.refresh_from_db(fields=["status"])
        if said and not job.ended:
            messages.success(request, _("Its runner is asked to stop; it finishes the unit in hand."))
        elif said:
            messages.success(request, _("Cancelled. What was recorded stays."))
        else:
            messages.info(request, _("The job had already ended."))
        return redirect(reverse("admin:scraping_scrapejob_change", args=[job.pk]))

    def retry(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask for which outcomes; then put new jobs for the units that ended so."""
        job = acts.managed(request, queries.jobs().select_related("root"), pk)
        return acts.retry(request, job, title=_("Retry job %(job)s?") % {"job": job.short})

    def _refuse_strangers(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _job(self, request: HttpRequest, pk: UUID) -> ScrapeJob:
        self._refuse_strangers(request)
        return get_object_or_404(queries.jobs(), pk=pk)

    def _facts(self, request: HttpRequest, job: ScrapeJob) -> dict[str, Any]:
        outcome = grid.outcome(request.GET.get("outcome", ""))
        page = Paginator(grid.skus(job, outcome), SKUS_A_PAGE).get_page(request.GET.get("units"))
        return {
            "job": job,
            "sentence": why.sentence(job),
            "row": queries.rows_of([job])[0],
            "units": grid.rows(job, list(page.object_list)),
            "units_page": page,
            "outcome": outcome,
            "counts": grid.counts(job),
            "lineage": queries.lineage(job),
            "retriable": job.ended and bool(retries.choices(job)),
            "first_line": job.lines.filter(position=1).first(),
        }


@admin.register(ScrapeResult)
class ScrapeResultAdmin(ReadOnlyAdmin):
    """Every unit that ended."""

    view_permissions = operations.LOOKERS
    list_display = ["sku", "scraper", "how", "message", "milliseconds", "recorded"]
    list_filter = ["outcome", "scraper"]
    ordering = ["-id"]
    search_fields = ["=sku"]
    search_help_text = gettext_lazy("A whole SKU")
    list_per_page = 50
    show_full_result_count = False
    fields = [
        *["job", "sku", "scraper", "version", "outcome", "message"],
        *["fields", "raw", "url", "milliseconds", "scraped", "recorded"],
    ]
    readonly_fields = ["scraped", "recorded"]
    scraped = moment("scraped_at", gettext_lazy("Scraped"))
    recorded = moment("recorded_at", gettext_lazy("Recorded"))

    @admin.display(description=gettext_lazy("Outcome"), ordering="outcome")
    def how(self, result: ScrapeResult) -> SafeString:
        return pill(result.outcome)
