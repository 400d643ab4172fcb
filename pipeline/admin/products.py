"""Products in the admin: the list, a page to look at one, and a form to add one."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, Value, When
from django.db.models.fields.json import KT
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline import queries, review
from pipeline.admin import banner, enhance, exporting, reviewing, selection
from pipeline.admin import review as review_page
from pipeline.admin.add import AddForm
from pipeline.admin.filters import (
    BatchFilter,
    ConflictFilter,
    ExportFilter,
    ImportFilter,
    MissingFilter,
    NewsFilter,
    OutcomeFilter,
)
from pipeline.consolidation import complete
from pipeline.export.build import MAY_LEAVE
from pipeline.models import Product, ProductEvent
from pipeline.stages import Stage
from scraping.templatetags.operations import pill

Admin = admin.ModelAdmin[Product]
TONES = {Stage.APPROVED: "ok", Stage.PUBLISHED: "ok", Stage.CONSOLIDATED: "run", Stage.REJECTED: "bad"}


@admin.register(Product)
class ProductAdmin(Admin):
    """Read-only but for its actions; every action asks for its own permission."""

    list_display = ["sku", "name", "standing", "price"]
    list_filter = [
        "stage", OutcomeFilter, MissingFilter, ConflictFilter, NewsFilter, ExportFilter, ImportFilter, BatchFilter,
    ]  # fmt: skip
    list_per_page = list_max_show_all = 100
    show_full_result_count = False
    search_fields = ["sku__icontains", "register_name__icontains"]
    search_help_text = gettext_lazy("SKU or register name; a whole SKU comes first")
    actions = [
        enhance.enhance_selected,
        reviewing.consolidate_selected,
        reviewing.complete_selected,
        reviewing.approve_selected,
        exporting.export_selected,
    ]
    form = AddForm
    fields = ["sku", "register_name", "target_price"]

    # who may do what

    def has_view_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        """Whoever may do something with products may look at them."""
        return selection.may_look(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return selection.may_look(request)

    def has_change_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        return False

    def has_enhance_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pipeline.enhance_products")

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pipeline.review_products")

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pipeline.export_products")

    # the list

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Product]":
        products = super().get_queryset(request).defer("sources", "consolidated")
        return products.annotate(record_name=KT("consolidated__name__value"))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """The product whose SKU was typed stands before all that only contain it."""
        found, duplicates = super().get_search_results(request, queryset, search_term)
        if not search_term.strip():
            return found, duplicates
        return _exact_first(found, search_term.strip()), duplicates

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, banner.context(request) | (extra_context or {}))

    def get_urls(self) -> list[URLPattern]:
        return [
            *review_page.urls(self),
            *enhance.urls(self),
            *exporting.urls(self),
            *banner.urls(self),
            *super().get_urls(),
        ]

    # columns

    @admin.display(description=gettext_lazy("Name"), ordering="register_name")
    def name(self, product: Product) -> SafeString | str:
        found = getattr(product, "record_name", None)
        if not found or found == product.register_name:
            return product.register_name
        return format_html('{}<br><span class="bs-quiet">{}</span>', found, product.register_name)

    @admin.display(description=gettext_lazy("Stage, last outcome"), ordering="stage")
    def standing(self, product: Product) -> SafeString:
        outcome = pill(product.last_outcome) if product.last_outcome else ""
        return format_html('<span class="bs-standing">{}{}{}</span>', _stage(product), outcome, _news(product))

    @admin.display(description=gettext_lazy("Price"), ordering="target_price")
    def price(self, product: Product) -> str:
        return "–" if product.target_price is None else number_format(product.target_price, 2)

    # one product

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        product = self.get_object(request, unquote(object_id))
        if product is None:
            raise Http404
        if not self.has_view_permission(request, product):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": str(product)}
        return TemplateResponse(request, "products/product.html", context | _facts(product))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect(f"{_address(unquote(object_id))}#history")

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        messages.warning(request, _("Products are never deleted, so that their history stays. Reject it instead."))
        return redirect(_address(unquote(object_id)))

    # add one

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pipeline.import_products")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        own = {"title": _("Add one product"), "show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, own | (extra_context or {}))

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        user: Any = request.user
        ProductEvent.objects.create(product=obj, by=user, field="stage", new=obj.stage, why="added by hand")

    def log_addition(self, request: HttpRequest, obj: Product, message: Any) -> Any:
        """Its own history has it already."""

    def response_add(self, request: HttpRequest, obj: Product, post_url_continue: str | None = None) -> HttpResponse:
        messages.success(request, _("%(sku)s was added.") % {"sku": obj.sku})
        if self.has_enhance_permission(request):
            return redirect(f"{reverse(enhance.PAGE)}?id__in={obj.pk}")
        return redirect(_address(obj.pk))


def _exact_first(products: "QuerySet[Product]", sku: str) -> "QuerySet[Product]":
    rank = Case(When(sku=sku, then=Value(0)), When(sku__iexact=sku, then=Value(1)), default=Value(2))
    return products.order_by(rank, *products.query.order_by)


def _needs(product: Product) -> list[str]:
    """What it lacks before it can be approved; nothing while there is no record, or once it is settled."""
    if product.is_settled or not product.consolidated:
        return []
    return [str(review.NEEDS[need]) for need in complete.missing(product.consolidated, product.target_price)]


def _stage(product: Product) -> SafeString:
    tone = TONES.get(Stage(product.stage), "")
    return format_html('<span class="bs-pill {}">{}</span>', tone, product.get_stage_display())


def _news(product: Product) -> SafeString | str:
    if product.news_at is None:
        return ""
    return format_html('<span class="bs-pill warn"><span aria-hidden="true">●</span>{}</span>', _("news"))


def _address(key: object) -> str:
    return reverse("admin:pipeline_product_change", args=[key])


def _facts(product: Product) -> dict[str, Any]:
    return {
        "product": product,
        "stage": _stage(product),
        "needs": _needs(product),
        "record": queries.record(product),
        "sources": queries.sources(product),
        "units": queries.units(product),
        "events": queries.events(product),
        "may_leave": product.stage in MAY_LEAVE,
    }
