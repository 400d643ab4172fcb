"""Carries what was selected on the product list to a page of its own: as the list's filter, never as 10,000 ids."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, ORDER_VAR, PAGE_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from pipeline.models import Product

Admin = admin.ModelAdmin[Any]
View = Callable[[Admin, HttpRequest], HttpResponse]

LOOKERS = ("view_product", "import_products", "enhance_products", "review_products", "export_products")


def may_look(request: HttpRequest) -> bool:
    """Whether this person may see products: that, or anything to be done with them."""
    return any(request.user.has_perm(f"pipeline.{name}") for name in LOOKERS)


def address(request: HttpRequest, page: str) -> str:
    """Where an action of the list goes on: `page` with the list's filter ("select all N"), or with the ticked ids."""
    if request.POST.get("select_across") == "1":
        query = request.GET.copy()
        for parameter in (PAGE_VAR, ALL_VAR, ERROR_FLAG):
            query.pop(parameter, None)
    else:
        query = QueryDict(mutable=True)
        query["id__in"] = ",".join(request.POST.getlist(ACTION_CHECKBOX_NAME))
        if ORDER_VAR in request.GET:
            query[ORDER_VAR] = request.GET[ORDER_VAR]
    return f"{reverse(page)}?{query.urlencode(safe=',')}"


def products(model_admin: Admin, request: HttpRequest) -> "QuerySet[Product]":
    """What the page's address selects, in list order. Raises IncorrectLookupParameters."""
    queryset: QuerySet[Product] = model_admin.get_changelist_instance(request).queryset
    return queryset


def readable(view: View) -> View:
    """An address that selects nothing sensible leads back to the list, as the list itself does it."""

    def checked(model_admin: Admin, request: HttpRequest) -> HttpResponse:
        try:
            return view(model_admin, request)
        except IncorrectLookupParameters:
            return redirect(f"{reverse('admin:pipeline_product_changelist')}?{ERROR_FLAG}=1")

    return checked
