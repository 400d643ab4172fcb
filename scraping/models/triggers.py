"""Rules the database itself keeps. A violation reaches Python as an IntegrityError with the constraint's name."""

from collections.abc import Mapping, Set
from typing import TypeVar

import pgtrigger

from runners.triggers import Firm

State = TypeVar("State", bound=str)


def _raise(message: str, constraint: str) -> str:
    return f"RAISE EXCEPTION '{message}' USING ERRCODE = '23514', CONSTRAINT = '{constraint}';"


def append_only(
    name: str, *, operations: pgtrigger.Operation | pgtrigger.Operations = pgtrigger.Update | pgtrigger.Delete
) -> Firm:
    """Rows are written once: `operations` on them are refused."""
    return Firm(
        name=name,
        when=pgtrigger.Before,
        operation=operations,
        func=_raise(f"{name}: such rows are never changed", name),
    )


def kept_unless(name: str, *, setting: str) -> Firm:
    """Rows are deleted only in a transaction that has `SET LOCAL` the custom `setting` to on."""
    func = f"""
        IF current_setting('{setting}', true) IS DISTINCT FROM 'on' THEN
            {_raise(f"{name}: only retention removes such rows", name)}
        END IF;
        RETURN OLD;
    """
    return Firm(name=name, when=pgtrigger.Before, operation=pgtrigger.Delete, func=func)


def moves(
    name: str,
    *,
    column: str,
    allowed: Mapping[State, Set[State]],
    start: Set[State],
    final: Set[State] = frozenset(),
    once: str = "",
) -> list[Firm]:
    """Only `allowed` moves of `column`, only `start` states at INSERT; rows in a `final` state never change.

    The column `once`, where there is one, is never changed after it was set.

    What is allowed at INSERT enters no function. At UPDATE the function asks: PostgreSQL reads the text of a condition
    anew for each statement, and this one's was a tenth of a claim.
    """
    pairs = ", ".join(f"('{old}', '{new}')" for old in sorted(allowed) for new in sorted(allowed[old]))
    starts = ", ".join(f"'{state}'" for state in sorted(start))
    asked = f"""
        IF OLD.{column} <> NEW.{column} AND (OLD.{column}, NEW.{column}) NOT IN ({pairs}) THEN
            {_raise(f"this move of {column} is not allowed", name)}
        END IF;
    """
    if final:
        asked = f"""
            IF OLD.{column} IN ({", ".join(f"'{state}'" for state in sorted(final))}) AND NEW IS DISTINCT FROM OLD THEN
                {_raise(f"a row that has ended never changes ({column})", name)}
            END IF;
            {asked}
        """
    if once:
        asked += f"""
            IF OLD.{once} IS NOT NULL AND NEW.{once} IS DISTINCT FROM OLD.{once} THEN
                {_raise(f"{once} is set once", name)}
            END IF;
        """
    return [
        Firm(
            name=f"{name}_from",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert,
            condition=pgtrigger.Condition(f"NEW.{column} NOT IN ({starts})"),
            func=_raise(f"a row cannot be born in this {column}", name),
        ),
        Firm(name=name, when=pgtrigger.Before, operation=pgtrigger.Update, func=f"{asked} RETURN NEW;"),
    ]
