"""Triggers that ring when rows change: `NOTIFY baystate, 'kind:id'`, once per row and transaction, heard on commit.

The web processes LISTEN and read what is new. A bell carries no data: one that is lost costs seconds.
"""

from collections.abc import Sequence

import pgtrigger

CHANNEL = "baystate"


def on_insert(name: str, *, kind: str, column: str = "id") -> pgtrigger.Trigger:
    """Rings `kind` with each value of `column` among the rows of one INSERT or COPY."""
    ids = f"SELECT DISTINCT {column} AS id FROM new_rows"  # noqa: S608 - names of our own
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_rows"),  # type: ignore[no-untyped-call]
        func=f"PERFORM pg_notify('{CHANNEL}', '{kind}:' || rung.id) FROM ({ids}) rung; RETURN NULL;",
    )


def on_change(name: str, *, kind: str, columns: Sequence[str], also: str = "") -> pgtrigger.Trigger:
    """Rings `kind` with the id of each row whose `columns` differ after an UPDATE, or that `also` is true of.

    What is no news enters no function: that is the trigger's condition, in terms of OLD and NEW.
    """
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(f"ROW({new}) IS DISTINCT FROM ROW({old}){also and f' OR {also}'}"),
        func=f"PERFORM pg_notify('{CHANNEL}', '{kind}:' || NEW.id); RETURN NULL;",
    )
