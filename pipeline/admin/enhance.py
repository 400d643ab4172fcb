"""The page on which products are sent to the scrapers, and the one that shows the jobs this made."""

from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pipeline import capacity, enhance
from pipeline.admin import selection
from pipeline.admin.selection import Admin
from pipeline.models import Product
from scraping.models import ScrapeBatch

PAGE, STARTED = "admin:pipeline_product_enhance", "admin:pipeline_product_started"
SHOWN_SKUS, SHOWN_REASONS = 8, 5


class EnhanceForm(forms.Form):
    """Which scrapers and how many runners at most."""

    scrapers = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    max_runners = forms.IntegerField(
        label=gettext_lazy("Runners at most"),
        min_value=1,
        max_value=enhance.MOST_RUNNERS,
        help_text=gettext_lazy("The SKUs are dealt round in list order into at most this many jobs."),
    )

    def __init__(self, *args: Any, fleet: capacity.Fleet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields["scrapers"]
        choices.choices = [(site.slug, site.name) for site in fleet.sites]


@admin.action(permissions=["enhance"], description=gettext_lazy("Enhance selected…"))
def enhance_selected(model_admin: Admin, request: HttpRequest, queryset: "QuerySet[Product]") -> HttpResponse:
    return HttpResponseRedirect(selection.address(request, PAGE))


def urls(model_admin: Admin) -> list[URLPattern]:
    """The two pages; `started` is named by its batch."""
    view = model_admin.admin_site.admin_view
    return [
        path("enhance/", view(partial(page, model_admin)), name="pipeline_product_enhance"),
        path("enhance/<uuid:pk>/", view(partial(started, model_admin)), name="pipeline_product_started"),
    ]


@selection.readable
def page(model_admin: Admin, request: HttpRequest) -> HttpResponse:
    """What would happen; a POST with `start` makes it happen, any other POST only looks again."""
    _refuse_strangers(request)
    products = selection.products(model_admin, request)
    fleet = capacity.survey()
    first = {"scrapers": fleet.usable, "max_runners": enhance.DEFAULT_MAX_RUNNERS}
    form = EnhanceForm(request.POST or None, initial=first, fleet=fleet)
    refusal = ""
    if "start" in request.POST and form.is_valid():
        try:
            return _start(request, products, form)
        except enhance.RefusedError as error:
            refusal = str(error)
    context = {"form": form, **_facts(products, fleet, form)}
    context["refusal"] = refusal or context["refusal"]
    context |= {**model_admin.admin_site.each_context(request), "opts": model_admin.opts, "title": _("Enhance")}
    return TemplateResponse(request, "products/enhance.html", context)


def started(model_admin: Admin, request: HttpRequest, pk: UUID) -> HttpResponse:
    """A batch's jobs, all of them by id."""
    _refuse_strangers(request)
    batch = get_object_or_404(ScrapeBatch.objects.select_related("requested_by"), pk=pk)
    jobs = [(job, len(job.skus)) for job in batch.jobs.select_related("runner").order_by("created_at", "turn", "id")]
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Enhancement started"),
        "batch": batch,
        "jobs": jobs,
    }
    return TemplateResponse(request, "products/started.html", context)


def _refuse_strangers(request: HttpRequest) -> None:
    if not request.user.has_perm("pipeline.enhance_products"):
        raise PermissionDenied


def _start(request: HttpRequest, products: "QuerySet[Product]", form: EnhanceForm) -> HttpResponse:
    wishes = form.cleaned_data
    user: Any = request.user
    with transaction.atomic(durable=True):
        made = enhance.start(
            products, scrapers=wishes["scrapers"], max_runners=wishes["max_runners"], by=user, source=_("product list")
        )
    for reason, skus in enhance.by_reason(made.left_out).items():
        messages.warning(request, _left_out(reason, skus))
    return redirect(STARTED, made.batch.pk)


def _facts(products: "QuerySet[Product]", fleet: capacity.Fleet, form: EnhanceForm) -> dict[str, Any]:
    """What the page says about the choice that stands in the form."""
    chosen, most = _choice(form, fleet)
    picked = enhance.select(products)
    outlook = fleet.outlook(chosen, skus=len(picked.skus), max_runners=most)
    rows = [
        {
            "site": site,
            "ticked": site.slug in chosen,
            "runners": fleet.live([site.slug]),
            "pages": site.pages_a_minute(max(outlook.jobs, 1)),
        }
        for site in fleet.sites
    ]
    return {
        "count": len(picked.skus),
        "units": len(picked.skus) * len(chosen),
        **_left_behind(enhance.by_reason(picked.left_out)),
        "rows": rows,
        "outlook": outlook,
        "seconds": outlook.duration.total_seconds(),
        "refusal": enhance.refusal(chosen),
    }


def _choice(form: EnhanceForm, fleet: capacity.Fleet) -> tuple[list[str], int]:
    """The scrapers ticked and the runners wanted; as long as the form says nothing that can be used, what it offers."""
    if not form.is_bound:
        return fleet.usable, enhance.DEFAULT_MAX_RUNNERS
    form.is_valid()
    return form.cleaned_data.get("scrapers", []), form.cleaned_data.get("max_runners", enhance.DEFAULT_MAX_RUNNERS)


def _left_behind(reasons: dict[str, list[str]]) -> dict[str, Any]:
    """The commonest reasons with some of their SKUs, and how many products have another."""
    common = sorted(reasons.items(), key=lambda reason: -len(reason[1]))
    shown = [(why, len(skus), skus[:SHOWN_SKUS]) for why, skus in common[:SHOWN_REASONS]]
    return {"left_out": shown, "others": sum(len(skus) for _why, skus in common[SHOWN_REASONS:])}


def _left_out(reason: str, skus: list[str]) -> str:
    named = ", ".join(skus[:SHOWN_SKUS]) + (" …" if len(skus) > SHOWN_SKUS else "")
    said = ngettext("%(n)d product was left out: %(skus)s.", "%(n)d products were left out: %(skus)s.", len(skus))
    return f"{said % {'n': len(skus), 'skus': named}} {reason}"
