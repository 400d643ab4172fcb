"""What the pages of a job and of a batch share: who may act, and the page that asks before a retry."""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from runners.protocol.words import Outcome
from scraping import doors, retries
from scraping.models import ScrapeBatch, ScrapeJob
from scraping.refusals import BatchRefusedError

Row = TypeVar("Row", bound=Model)
SKUS_NAMED = 20


class RetryForm(forms.Form):
    """Which of a job's or a batch's outcomes are to be tried again."""

    outcomes = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick what is to be tried again.")},
    )

    def __init__(self, choices: list[tuple[Outcome, int]], data: Any = None) -> None:
        super().__init__(data)
        self.counts = choices
        words = [outcome.value for outcome, _count in choices]
        self.fields["outcomes"].choices = [(word, word) for word in words]  # type: ignore[attr-defined]
        self.ticked = data.getlist("outcomes") if data else [word for word in words if word in retries.USUAL]

    @property
    def rows(self) -> list[tuple[str, int, bool]]:
        """Outcome, its units, whether it is ticked."""
        return [(outcome.value, count, outcome.value in self.ticked) for outcome, count in self.counts]


def managed(request: HttpRequest, rows: QuerySet[Row], pk: UUID) -> Row:
    """The row that somebody who manages operations asks for."""
    if not request.user.has_perm("scraping.manage_operations"):
        raise PermissionDenied
    return get_object_or_404(rows, pk=pk)


def ask(request: HttpRequest, template: str, facts: Mapping[str, Any]) -> HttpResponse:
    """The page that asks before an act."""
    return TemplateResponse(request, template, {**admin.site.each_context(request), **facts})


def retry(request: HttpRequest, of: ScrapeJob | ScrapeBatch, *, title: str) -> HttpResponse:
    """GET shows what can be retried; POST puts the jobs and leads to the new one, or to the batch of several."""
    form = RetryForm(retries.choices(of), request.POST if request.method == "POST" else None)
    refusal = ""
    if form.is_valid():
        try:
            with doors.transact():
                chosen = [Outcome(word) for word in form.cleaned_data["outcomes"]]
                retried = retries.retry(of, outcomes=chosen, by=request.user)  # type: ignore[arg-type]
        except BatchRefusedError as refused:
            refusal = refused.sentence
        else:
            return _started(request, retried, of)
    batch = of if isinstance(of, ScrapeBatch) else None
    facts = {"form": form, "of": of, "batch": batch, "back": page_of(of), "refusal": refusal, "title": title}
    return ask(request, "operations/retry.html", facts)


def _started(request: HttpRequest, retried: retries.Retried, of: ScrapeJob | ScrapeBatch) -> HttpResponse:
    skus = sum(len(job.skus) for job in retried.jobs)
    new = ngettext("%(n)d new job", "%(n)d new jobs", len(retried.jobs)) % {"n": len(retried.jobs)}
    messages.success(
        request, ngettext("%(new)s for %(n)d SKU.", "%(new)s for %(n)d SKUs.", skus) % {"new": new, "n": skus}
    )
    for reason in dict.fromkeys(retried.left_out.values()):
        left = [sku for sku, why in retried.left_out.items() if why == reason]
        named = ", ".join(left[:SKUS_NAMED]) + (" …" if len(left) > SKUS_NAMED else "")
        sentence = ngettext("%(n)d SKU left out: %(skus)s.", "%(n)d SKUs left out: %(skus)s.", len(left))
        messages.warning(request, f"{sentence % {'n': len(left), 'skus': named}} {reason}")
    batch = of if isinstance(of, ScrapeBatch) else of.batch
    return redirect(page_of(retried.jobs[0] if len(retried.jobs) == 1 else batch))


def page_of(of: ScrapeJob | ScrapeBatch) -> str:
    """The address of a job's or a batch's page."""
    return reverse(f"admin:scraping_{of._meta.model_name}_change", args=[of.pk])
