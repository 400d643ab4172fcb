"""Rows that are stored are compared: with each other, and with the products that exist. Set by set, in the database."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from pipeline.models import ImportState, PlannedAction
from pipeline.spreadsheet import plan, queries
from pipeline.spreadsheet.cells import letter
from pipeline.spreadsheet.columns import PRICE, SKU, Header
from pipeline.spreadsheet.plan import Attempt
from pipeline.spreadsheet.rows import Level

NAMED = 3
"""A sentence names at most so many other rows or SKUs."""


class Verdict(NamedTuple):
    """What comparing says about one row: its action from now on, and a problem to add to it."""

    number: int
    action: str
    cell: str
    message: str
    level: Level


def settle(attempt: Attempt, header: Header, mapping: dict[str, Any]) -> None:
    """Finish the plan: every row gets its action and what it was planned against. Raises `SupersededError`."""
    plan.advance(attempt, header_row=header.row, mapping=mapping)
    sku_column = letter(header.readings[SKU].columns[0])
    _add(attempt.import_id, _repeated(attempt.import_id, sku_column))
    _compare(attempt.import_id, priced=PRICE in header.readings)
    _add(attempt.import_id, _alike(attempt.import_id, sku_column))
    if PRICE in header.readings:
        _add(attempt.import_id, _emptied(attempt.import_id, letter(header.readings[PRICE].columns[0])))
    counts = queries.tally(attempt.import_id)
    total = sum(counts[action] for action in PlannedAction.values)
    plan.advance(attempt, state=ImportState.PLANNED, counts=counts, done=total, total=total)


def analyze() -> None:
    """Tell the planner about the rows that were just copied in; without it, it plans for none."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE product_import_rows")


def _rows(query: str, *arguments: UUID | int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return list(cursor.fetchall())


def _repeated(import_id: UUID, column: str) -> Iterable[Verdict]:
    """The same SKU again: equal rows collapse into the first, different ones are errors on all of them."""
    groups = _rows(
        """
        SELECT array_agg(number ORDER BY number), count(DISTINCT (register_name, target_price)) > 1
          FROM product_import_rows WHERE product_import_id = %s AND action = 'create'
         GROUP BY sku HAVING count(*) > 1
        """,
        import_id,
    )
    for numbers, conflict in groups:
        if not conflict:
            for number in numbers[1:]:
                said = f"Row {numbers[0]} says the same."
                yield Verdict(number, PlannedAction.SKIP, f"{column}{number}", said, Level.WARNING)
            continue
        for number in numbers:
            others = [other for other in numbers if other != number]
            said = f"{_spoken(others)} has this SKU too, with another name or price."
            yield Verdict(number, PlannedAction.ERROR, f"{column}{number}", said, Level.ERROR)


def _spoken(numbers: list[int]) -> str:
    named = ", ".join(map(str, numbers[:NAMED]))
    if len(numbers) == 1:
        return f"Row {named}"
    return f"Each of rows {named}" + (f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else "")


def _compare(import_id: UUID, *, priced: bool) -> None:
    """A file without a price column says nothing about prices: the rows take over the current ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE product_import_rows AS mine
               SET target_price = CASE WHEN %(priced)s THEN mine.target_price ELSE product.target_price END,
                   action = CASE WHEN mine.register_name = product.register_name
                                  AND (NOT %(priced)s OR mine.target_price IS NOT DISTINCT FROM product.target_price)
                                 THEN 'same' ELSE 'update' END,
                   current = jsonb_build_object('register_name', product.register_name,
                                                'target_price', product.target_price::text),
                   product_version = product.version
              FROM products_ingestion AS product
             WHERE mine.product_import_id = %(import)s AND mine.action = 'create' AND product.sku = mine.sku
            """,
            {"import": import_id, "priced": priced},
        )


def _alike(import_id: UUID, column: str) -> Iterable[Verdict]:
    """SKUs that differ from another, in the file or among the products, only by leading zeros, spaces or case."""
    groups = _rows(
        r"""
        WITH mine AS MATERIALIZED (
            SELECT number, action, sku, ltrim(lower(regexp_replace(sku, '\s', '', 'g')), '0') AS key
              FROM product_import_rows WHERE product_import_id = %s AND action IN ('create', 'update', 'same')
        ), known AS MATERIALIZED (
            SELECT sku, ltrim(lower(regexp_replace(sku, '\s', '', 'g')), '0') AS key FROM products_ingestion
        ), alike AS MATERIALIZED (
            SELECT key, (array_agg(sku))[1:%s] AS skus
              FROM (SELECT sku, key FROM mine
                     UNION SELECT sku, key FROM known WHERE key IN (SELECT key FROM mine)) AS every
             GROUP BY key HAVING count(*) > 1
        )
        SELECT number, action, sku, skus FROM mine JOIN alike USING (key) ORDER BY number
        """,
        import_id,
        NAMED + 1,
    )
    for number, action, sku, skus in groups:
        others = ", ".join(f"“{other}”" for other in sorted(skus) if other != sku)
        said = f"“{sku}” differs from {others} only by zeros, spaces or case."
        yield Verdict(number, action, f"{column}{number}", said, Level.WARNING)


def _emptied(import_id: UUID, column: str) -> Iterable[Verdict]:
    """A blank price for a product that has one: it becomes unknown, which may not be meant."""
    emptied = _rows(
        """
        SELECT number, current->>'target_price' FROM product_import_rows
         WHERE product_import_id = %s AND action = 'update' AND target_price IS NULL
           AND current->>'target_price' IS NOT NULL
        """,
        import_id,
    )
    for number, price in emptied:
        said = f"The price is blank; the current {Decimal(price):,} would be removed."
        yield Verdict(number, PlannedAction.UPDATE, f"{column}{number}", said, Level.WARNING)


def _add(import_id: UUID, verdicts: Iterable[Verdict]) -> None:
    columns = list(zip(*verdicts, strict=True))
    if not columns:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE product_import_rows AS mine
               SET action = said.action,
                   problems = mine.problems || jsonb_build_object(
                       'cell', said.cell, 'message', said.message, 'level', said.level)
              FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[])
                   AS said (number, action, cell, message, level)
             WHERE mine.product_import_id = %s AND mine.number = said.number
            """,
            [*map(list, columns), import_id],
        )
