"""Triggers that ring when rows change: `NOTIFY baystate, 'kind:id'`, once per row and transaction, heard on commit.

The web processes LISTEN and read what is new. A bell carries no data: one that is lost costs seconds.
"""

from collections.abc import Sequence

import pgtrigger

CHANNEL = "baystate"


def on_insert(name: str, *, kind: str, column: str = "id") -> pgtrigger.Trigger:
    """Rings `kind` with each value of `column` among the rows of one INSERT or COPY."""
    return _trigger(
        name,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_rows"),  # type: ignore[no-untyped-call]
        ids=f"SELECT DISTINCT {column} AS id FROM new_rows",  # noqa: S608 - names of our own
        kind=kind,
    )


def on_change(name: str, *, kind: str, columns: Sequence[str], also: str = "") -> pgtrigger.Trigger:
    """Rings `kind` with the id of each row whose `columns` differ after an UPDATE, or that `also` is true of.

    Transition tables refuse UPDATE OF, hence the comparison. `also` speaks of `fresh` and `stale`.
    """
    fresh, stale = (", ".join(f"{row}.{column}" for column in columns) for row in ("fresh", "stale"))
    return _trigger(
        name,
        operation=pgtrigger.Update,
        referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"),  # type: ignore[no-untyped-call]
        ids=f"""
            SELECT fresh.id FROM new_rows fresh JOIN old_rows stale ON stale.id = fresh.id
            WHERE ROW({fresh}) IS DISTINCT FROM ROW({stale}) {also and f"OR {also}"}
        """,  # noqa: S608 - likewise
        kind=kind,
    )


def _trigger(
    name: str, *, operation: pgtrigger.Operation, referencing: pgtrigger.Referencing, ids: str, kind: str
) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=referencing,
        func=f"PERFORM pg_notify('{CHANNEL}', '{kind}:' || rung.id) FROM ({ids}) rung; RETURN NULL;",
    )
