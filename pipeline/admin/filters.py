"""The filters of the product list. Each is one condition in SQL."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from pipeline.models import Product, ProductImport
from pipeline.spreadsheet import queries as spreadsheet
from pipeline.stages import Stage
from runners.protocol.words import Outcome
from scraping.models import ScrapeBatch, ScrapeJob

Products = QuerySet[Product]
Choices = Iterable[tuple[str, Any]]
Admin = admin.ModelAdmin[Any]

RECENT = 10
NEVER = "never"


def matches(path: str) -> Func:
    """Whether a JSON path finds anything in the record."""
    return Func(
        F("consolidated"),
        Value(path),
        function="jsonb_path_exists",
        template="%(function)s(%(expressions)s::jsonpath)",
        output_field=BooleanField(),
    )


MISSING: dict[str, tuple[StrOrPromise, Q]] = {
    "name": (_("Name from a site"), ~Q(matches('$.name ? (@.value != "" && @.source != "spreadsheet")'))),
    "brand": (_("Brand"), ~Q(matches('$.brand.value ? (@ != "")'))),
    "price": (_("Price"), Q(target_price=None) | Q(target_price=0)),
    "image": (_("Image"), ~Q(matches("$.images.value[*]"))),
}
_UNDECIDED = '? (@.conflict == true && !(exists (@.locked_by ? (@ != ""))))'
CONFLICTS: dict[str, tuple[StrOrPromise, Q]] = {
    "any": (_("Any field"), Q(matches(f"$.* {_UNDECIDED}"))),
    "gtin": ("GTIN", Q(matches(f"$.gtin {_UNDECIDED}"))),
    "weight": (_("Weight"), Q(matches(f"$.weight {_UNDECIDED}"))),
}
EXPORTS: dict[str, tuple[StrOrPromise, Q]] = {
    # an export publishes what it takes along, so an approved product is one that has not left as it is now
    "no": (_("Not yet exported"), Q(stage=Stage.APPROVED)),
    "yes": (_("Exported"), Q(stage=Stage.PUBLISHED)),
}


class ConditionFilter(admin.SimpleListFilter):
    """A filter whose choices are conditions: `{value: (label, condition)}`."""

    conditions: dict[str, tuple[StrOrPromise, Q]]

    def lookups(self, request: HttpRequest, model_admin: Admin) -> Choices:
        return [(value, label) for value, (label, _condition) in self.conditions.items()]

    def queryset(self, request: HttpRequest, queryset: Products) -> Products:
        chosen = self.conditions.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


class MissingFilter(ConditionFilter):
    title, parameter_name, conditions = _("missing"), "missing", MISSING


class ConflictFilter(ConditionFilter):
    title, parameter_name, conditions = _("conflict"), "conflict", CONFLICTS


class ExportFilter(ConditionFilter):
    title, parameter_name, conditions = _("export"), "export", EXPORTS


class NewsFilter(ConditionFilter):
    title, parameter_name = _("news"), "news"
    conditions = {
        "yes": (_("With news"), Q(news_at__isnull=False)),
        "no": (_("Without news"), Q(news_at__isnull=True)),
    }


class OutcomeFilter(admin.SimpleListFilter):
    title, parameter_name = _("last outcome"), "outcome"

    def lookups(self, request: HttpRequest, model_admin: Admin) -> Choices:
        words = [(word.value, word.value.replace("_", " ").capitalize()) for word in Outcome]
        return [*words, (NEVER, _("Never enhanced"))]

    def queryset(self, request: HttpRequest, queryset: Products) -> Products:
        value = self.value()
        return queryset.filter(last_outcome="" if value == NEVER else value) if value else queryset


class RowFilter(admin.SimpleListFilter):
    """Products of one of the latest imports or batches; an older one can be named in the address."""

    def has_output(self) -> bool:
        return bool(self.lookup_choices) or self.value() is not None

    def lookups(self, request: HttpRequest, model_admin: Admin) -> Choices:
        return [(str(key), label) for key, label in self.recent()]

    def queryset(self, request: HttpRequest, queryset: Products) -> Products:
        value = self.value()
        if value is None:
            return queryset
        try:
            return queryset.filter(sku__in=self.skus(uuid.UUID(value)))
        except ValueError:
            return queryset.none()

    def recent(self) -> Iterable[tuple[uuid.UUID, str]]:
        raise NotImplementedError

    def skus(self, key: uuid.UUID) -> QuerySet[Any, Any]:
        raise NotImplementedError


class ImportFilter(RowFilter):
    title, parameter_name = _("import"), "import"

    def recent(self) -> Iterable[tuple[uuid.UUID, str]]:
        return ProductImport.objects.order_by("-created_at").values_list("pk", "file_name")[:RECENT]

    def skus(self, key: uuid.UUID) -> QuerySet[Any, Any]:
        return spreadsheet.products(key).values_list("sku", flat=True)


class BatchFilter(RowFilter):
    title, parameter_name = _("enhancement"), "batch"

    def recent(self) -> Iterable[tuple[uuid.UUID, str]]:
        batches = ScrapeBatch.objects.order_by("-created_at")[:RECENT]
        return [(batch.pk, f"{localize(localtime(batch.created_at))} ({batch.sku_count})") for batch in batches]

    def skus(self, key: uuid.UUID) -> QuerySet[Any, Any]:
        return ScrapeJob.objects.filter(batch=key).values_list(Func(F("skus"), function="unnest"), flat=True)
