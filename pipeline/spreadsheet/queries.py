"""Reads of uploads and their rows: for pages, and for what a person chose on one."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Q, QuerySet

from pipeline.models import PlannedAction, Product, ProductImportRow

WARNINGS = "warnings"
"""A filter beside the planned actions: rows with a warning."""

TO_APPLY = (PlannedAction.CREATE, PlannedAction.UPDATE)
_WARNED = Q(problems__contains=[{"level": "warning"}])


def rows(import_id: UUID, *, action: str = "", search: str = "") -> QuerySet[ProductImportRow]:
    """The rows a filter shows, as in the file; `action` is a planned action, `WARNINGS`, or empty for all."""
    found = ProductImportRow.objects.filter(product_import=import_id)
    if action == WARNINGS:
        found = found.filter(_WARNED)
    elif action:
        found = found.filter(action=action)
    if search:
        found = found.filter(Q(sku__icontains=search) | Q(register_name__icontains=search))
    return found.order_by("number")


def to_apply(import_id: UUID, *, action: str = "", search: str = "") -> QuerySet[ProductImportRow]:
    """The rows a filter shows that would change something and have not yet."""
    return rows(import_id, action=action, search=search).filter(action__in=TO_APPLY, applied=False)


def tally(import_id: UUID) -> dict[str, int]:
    """How many rows are planned for what: every action, `warnings`, and `created` and `updated` of those applied."""
    found = ProductImportRow.objects.filter(product_import=import_id)
    counted = found.order_by().values_list("action", "applied").annotate(count=Count("pk"))
    counts = dict.fromkeys([*PlannedAction.values, WARNINGS, "created", "updated"], 0)
    for action, applied, count in counted:
        counts[action] += count
        if applied:
            counts[f"{action}d"] += count
    return counts | {WARNINGS: found.filter(_WARNED).count()}


def products(import_id: UUID) -> QuerySet[Product]:
    """The products that an import created or changed."""
    applied = ProductImportRow.objects.filter(product_import=import_id, applied=True)
    return Product.objects.filter(sku__in=applied.values("sku"))
