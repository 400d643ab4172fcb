"""Batches in the admin: what was asked for, its jobs, and the two acts on all of them."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scraping import batches, doors, fence, jobs, operations, queries, retries
from scraping.admin import acts
from scraping.admin.readonly import ReadOnlyAdmin
from scraping.models import ScrapeBatch
from scraping.states import OPEN
from scraping.templatetags.operations import ago

JOBS_SHOWN = 200


@admin.register(ScrapeBatch)
class ScrapeBatchAdmin(ReadOnlyAdmin):
    """Every press of Enhance, the newest first."""

    view_permissions = operations.LOOKERS
    list_display = ["short_id", "asked", "requested_by", "source", "scraper_names", "sku_count", "open_jobs"]
    list_select_related = ["requested_by"]
    list_per_page = 50
    search_fields = ["id__exact"]
    search_help_text = gettext_lazy("A whole batch id, or a SKU")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScrapeBatch]:
        return batches.with_open_jobs(cast("QuerySet[ScrapeBatch]", super().get_queryset(request)))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """An id finds its batch; anything else is taken for a SKU."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if key := fence.identity(term):
            return queryset.filter(pk=key), False
        return queryset.filter(pk__in=queries.jobs().filter(skus__contains=[term]).values("batch_id")), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/cancel/", view(self.cancel), name="scraping_scrapebatch_cancel"),
            path("<uuid:pk>/retry/", view(self.retry), name="scraping_scrapebatch_retry"),
        ]
        return own + super().get_urls()

    # columns

    @admin.display(description=gettext_lazy("Batch"), ordering="created_at")
    def short_id(self, batch: ScrapeBatch) -> str:
        return batch.short

    @admin.display(description=gettext_lazy("Asked"), ordering="created_at")
    def asked(self, batch: ScrapeBatch) -> Any:
        return ago(batch.created_at)

    @admin.display(description=gettext_lazy("Scrapers"))
    def scraper_names(self, batch: ScrapeBatch) -> str:
        return ", ".join(batch.scrapers)

    @admin.display(description=gettext_lazy("Open jobs"))
    def open_jobs(self, batch: Any) -> int:
        return int(batch.open_jobs)

    # pages

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.get_queryset(request).select_related("requested_by")
        batch = get_object_or_404(rows, pk=fence.identity(unquote(object_id)))
        listed = queries.jobs().filter(batch=batch).order_by("created_at", "id")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Batch %(batch)s") % {"batch": batch.short},
            "batch": batch,
            "rows": queries.rows_of(listed.select_related("retry_of")[:JOBS_SHOWN]),
            "job_count": listed.count(),
            "tally": batches.tally(batch),
            "retriable": bool(retries.choices(batch)),
        }
        return TemplateResponse(request, "operations/batch.html", context)

    def cancel(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask first; then pending jobs end at once and the runners of running ones are asked to stop."""
        batch = acts.managed(request, self.get_queryset(request), pk)
        if request.method != "POST" and not batch.jobs.filter(status__in=OPEN).exists():
            self._say(request, jobs.Cancelled())
            return redirect(acts.page_of(batch))
        if request.method != "POST":
            facts = {"batch": batch, "title": _("Cancel batch?"), "waiting": batches.waiting_jobs(batch)}
            return acts.ask(request, "operations/cancel_batch.html", facts)
        with doors.transact():
            cancelled = jobs.cancel_batch(batch)
        self._say(request, cancelled)
        return redirect(acts.page_of(batch))

    def _say(self, request: HttpRequest, cancelled: jobs.Cancelled) -> None:
        if n := len(cancelled.ended):
            said = ngettext("%(n)d waiting job cancelled.", "%(n)d waiting jobs cancelled.", n)
            messages.success(request, said % {"n": n})
        if n := len(cancelled.asked):
            said = ngettext(
                "The runner of %(n)d job is asked to stop; it finishes the unit in hand.",
                "The runners of %(n)d jobs are asked to stop; they finish the units in hand.",
                n,
            )
            messages.success(request, said % {"n": n})
        if not cancelled.ended and not cancelled.asked:
            messages.info(request, _("All its jobs have ended, or were asked to stop already."))

    def retry(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask for which outcomes; then put new jobs for the units of all its jobs that ended so."""
        batch = acts.managed(request, ScrapeBatch.objects.all(), pk)
        return acts.retry(request, batch, title=_("Retry batch %(batch)s?") % {"batch": batch.short})
