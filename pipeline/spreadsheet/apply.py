"""Applies a stored plan, chunk by chunk: twice is once, and a row whose product has changed since is set aside.

An import writes a product's name and price. It never touches stage, sources, record or decisions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from psycopg.sql import SQL, Composable, Identifier, Placeholder

from pipeline.locks import in_sku_order
from pipeline.models import ImportState, PlannedAction, Product, ProductEvent, ProductImport, ProductImportRow
from pipeline.spreadsheet import queries
from pipeline.stages import Stage

CHUNK = 1_000
STALE = "This product has changed since the plan was made. Upload the file again to plan it anew."

_OWN = ("id", "sku", "register_name", "target_price")
_CREATE = SQL(
    """
    INSERT INTO products_ingestion (id, sku, register_name, target_price, {columns})
    SELECT gen_random_uuid(), planned.sku, planned.register_name, planned.target_price, {values}
      FROM product_import_rows AS planned WHERE planned.id = ANY(%s) ORDER BY planned.number
        ON CONFLICT (sku) DO NOTHING
    RETURNING sku, id
    """
)


def confirm(import_id: UUID, *, by: User | None, action: str = "", search: str = "") -> bool:
    """Choose the rows that a filter shows, and let them be applied; False if there are none, or others are in hand."""
    count = queries.to_apply(import_id, action=action, search=search).count()
    ready = ProductImport.objects.filter(pk=import_id, state__in=(ImportState.PLANNED, ImportState.APPLIED))
    return bool(count) and bool(
        ready.update(
            state=ImportState.APPLYING,
            chosen={"action": action, "search": search},
            applied_by=by,
            progress_at=Now(),
            done=0,
            total=count,
            problem="",
        )
    )


def step(import_id: UUID) -> bool:
    """Apply the next chunk of the chosen rows; False when none was left, and the import is finished."""
    uploads = ProductImport.objects.filter(pk=import_id, state=ImportState.APPLYING)
    upload = uploads.defer("content").select_for_update(no_key=True).first()
    if upload is None:
        return False
    rows = list(queries.to_apply(import_id, **upload.chosen)[:CHUNK])
    if not rows:
        uploads.update(state=ImportState.APPLIED, applied_at=Now(), counts=queries.tally(import_id))
        return False
    _apply(upload, rows)
    uploads.update(done=F("done") + len(rows), progress_at=Now())
    return True


def stop(import_id: UUID, problem: str) -> None:
    """Give up applying, with a sentence; what was applied stays so, and the rest may be confirmed again."""
    uploads = ProductImport.objects.filter(pk=import_id, state=ImportState.APPLYING)
    uploads.update(state=ImportState.APPLIED, applied_at=Now(), counts=queries.tally(import_id), problem=problem)


def _apply(upload: ProductImport, rows: Sequence[ProductImportRow]) -> None:
    # One order of locks, whatever the order of the file.
    list(in_sku_order(Product.objects.filter(sku__in=[row.sku for row in rows])).values_list("pk"))
    products = _update([row for row in rows if row.action == PlannedAction.UPDATE])
    products |= _create([row for row in rows if row.action == PlannedAction.CREATE])
    done = [row for row in rows if row.pk in products]
    ProductEvent.objects.bulk_create(event for row in done for event in _events(upload, row, products[row.pk]))
    ProductImportRow.objects.filter(pk__in=products).update(applied=True)
    _set_aside([row.pk for row in rows if row.pk not in products])


def _create(rows: Sequence[ProductImportRow]) -> dict[int, UUID]:
    """The ids of new products by row; a SKU that exists by now is left out.

    The same as `bulk_create` of as many products, but what they all start with is prepared once.
    """
    blank = Product()
    fields = [field for field in Product._meta.concrete_fields if field.name not in _OWN and not field.has_db_default()]
    common = [field.get_db_prep_save(field.pre_save(blank, add=True), connection) for field in fields]
    columns: list[Composable] = [Identifier(str(field.column)) for field in fields]
    values: list[Composable] = [Placeholder()] * len(fields)
    query = _CREATE.format(columns=SQL(", ").join(columns), values=SQL(", ").join(values))
    with connection.cursor() as cursor:
        cursor.execute(query, [*common, [row.pk for row in rows]])
        born = dict(cursor.fetchall())
    return {row.pk: born[row.sku] for row in rows if row.sku in born}


def _update(rows: Sequence[ProductImportRow]) -> dict[int, UUID]:
    """The ids of changed products by row; a product of another version than planned against is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE products_ingestion AS product
               SET register_name = planned.register_name,
                   target_price = planned.target_price,
                   version = product.version + 1,
                   updated_at = statement_timestamp(),
                   stale = product.stale OR product.stage IN ('enhanced', 'consolidated'),
                   news_at = CASE WHEN product.stage IN ('approved', 'published')
                                   AND product.target_price IS DISTINCT FROM planned.target_price
                                  THEN statement_timestamp() ELSE product.news_at END
              FROM product_import_rows AS planned
             WHERE planned.id = ANY(%s) AND product.sku = planned.sku AND product.version = planned.product_version
            RETURNING planned.id, product.id
            """,
            [[row.pk for row in rows]],
        )
        return dict(cursor.fetchall())


def _set_aside(rows: Sequence[int]) -> None:
    problem = json.dumps([{"cell": "", "message": STALE, "level": "error"}])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE product_import_rows SET action = 'stale', problems = problems || %s::jsonb WHERE id = ANY(%s)",
            [problem, list(rows)],
        )


def _events(upload: ProductImport, row: ProductImportRow, product_id: UUID) -> list[ProductEvent]:
    event = partial(
        ProductEvent,
        product_id=product_id,
        by_id=upload.applied_by_id,
        actor="" if upload.applied_by_id else "import",
        why=f"{upload.file_name}, row {row.number}",
    )
    if row.action == PlannedAction.CREATE:
        return [event(field="stage", new=Stage.IMPORTED.value)]
    return [event(field=field, old=old, new=new) for field, (old, new) in row.changes().items()]
