"""Triggers that ring when rows change: `NOTIFY baystate, 'kind:id'`, once per row and transaction, heard on commit.

The web processes LISTEN and read what is new. A bell carries no data: one that is lost costs seconds.
"""

from collections.abc import Sequence

import pgtrigger

from runners.triggers import Firm

CHANNEL = "baystate"


def on_insert(name: str, *, kind: str, column: str = "id") -> Firm:
    """Rings `kind` with each value of `column` among the rows of one INSERT or COPY."""
    ids = f"SELECT DISTINCT {column} AS id FROM new_rows"  # noqa: S608 - names of our own
    return Firm(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_rows"),  # type: ignore[no-untyped-call]
        func=f"PERFORM pg_notify('{CHANNEL}', '{kind}:' || rung.id) FROM ({ids}) rung; RETURN NULL;",
    )


def on_change(name: str, *, kind: str, columns: Sequence[str], also: str = "") -> Firm:
    """Rings `kind` with the id of each row whose `columns` differ after an UPDATE, or that `also` is true of.

    `also` is in terms of OLD and NEW. The function asks, not the trigger's condition: PostgreSQL reads the text of a
    condition anew for each statement, and keeps a function as it was read.
    """
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return Firm(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        func=f"""
            IF ROW({new}) IS DISTINCT FROM ROW({old}){also and f" OR {also}"} THEN
                PERFORM pg_notify('{CHANNEL}', '{kind}:' || NEW.id);
            END IF;
            RETURN NULL;
        """,
    )
