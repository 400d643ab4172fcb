"""The page on which products are sent out as a file."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline import tasks
from pipeline.admin import selection
from pipeline.admin.selection import Admin
from pipeline.export import build
from pipeline.export.files import Format
from pipeline.models import Product

PAGE = "admin:pipeline_product_export"
FORMATS = [
    (Format.XLSX.value, gettext_lazy("Excel workbook (.xlsx)")),
    (Format.CSV.value, gettext_lazy("Plain text (.csv, UTF-8)")),
]


class ExportForm(forms.Form):
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=FORMATS, widget=forms.RadioSelect)


@admin.action(permissions=["export"], description=gettext_lazy("Export selected…"))
def export_selected(model_admin: Admin, request: HttpRequest, queryset: "QuerySet[Product]") -> HttpResponse:
    return HttpResponseRedirect(selection.address(request, PAGE))


def urls(model_admin: Admin) -> list[URLPattern]:
    view = model_admin.admin_site.admin_view(partial(page, model_admin))
    return [path("export/", view, name="pipeline_product_export")]


@selection.readable
def page(model_admin: Admin, request: HttpRequest) -> HttpResponse:
    """How many would leave and which stay; a POST asks for the file."""
    if not request.user.has_perm("pipeline.export_products"):
        raise PermissionDenied
    products = selection.products(model_admin, request)
    form = ExportForm(request.POST or None, initial={"format": Format.XLSX.value})
    if form.is_valid():
        return _ask(request, products, Format(form.cleaned_data["format"]))
    leaving = products.filter(stage__in=build.MAY_LEAVE).count()
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Export"),
        "form": form,
        "count": leaving,
        "staying": products.count() - leaving,
    }
    return TemplateResponse(request, "products/export.html", context)


def _ask(request: HttpRequest, products: "QuerySet[Product]", form: Format) -> HttpResponse:
    user: Any = request.user
    with transaction.atomic(durable=True):
        export = build.ask(products, form=form, by=user)
        if export is not None:
            tasks.nudge_export(export.pk)
    if export is None:
        messages.warning(request, _("None of these products is approved, so there is nothing to export."))
        return redirect(request.get_full_path())
    return redirect("admin:pipeline_productexport_change", export.pk)
