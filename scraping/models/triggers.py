"""Rules the database itself keeps. A violation reaches Python as an IntegrityError with the constraint's name."""

from collections.abc import Mapping, Set
from typing import TypeVar

import pgtrigger

State = TypeVar("State", bound=str)


def _raise(message: str, constraint: str) -> str:
    return f"RAISE EXCEPTION '{message}' USING ERRCODE = '23514', CONSTRAINT = '{constraint}';"


def append_only(
    name: str, *, operations: pgtrigger.Operation | pgtrigger.Operations = pgtrigger.Update | pgtrigger.Delete
) -> pgtrigger.Trigger:
    """Rows are written once: `operations` on them are refused."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=operations,
        func=_raise(f"{name}: such rows are never changed", name),
    )


def kept_unless(name: str, *, setting: str) -> pgtrigger.Trigger:
    """Rows are deleted only in a transaction that has `SET LOCAL` the custom `setting` to on."""
    func = f"""
        IF current_setting('{setting}', true) IS DISTINCT FROM 'on' THEN
            {_raise(f"{name}: only retention removes such rows", name)}
        END IF;
        RETURN OLD;
    """
    return pgtrigger.Trigger(name=name, when=pgtrigger.Before, operation=pgtrigger.Delete, func=func)


def moves(
    name: str, *, column: str, allowed: Mapping[State, Set[State]], start: Set[State], final: Set[State] = frozenset()
) -> list[pgtrigger.Trigger]:
    """Only `allowed` moves of `column`, only `start` states at INSERT; rows in a `final` state never change.

    The rules are the triggers' conditions, so what is allowed never enters a function: that was a fifth of a claim.
    """
    pairs = ", ".join(f"('{old}', '{new}')" for old in sorted(allowed) for new in sorted(allowed[old]))
    starts = ", ".join(f"'{state}'" for state in sorted(start))
    wrong = f"OLD.{column} IS DISTINCT FROM NEW.{column} AND (OLD.{column}, NEW.{column}) NOT IN ({pairs})"
    refused = _raise(f"this move of {column} is not allowed", name)
    if final:
        finals = ", ".join(f"'{state}'" for state in sorted(final))
        wrong = f"OLD.{column} IN ({finals}) AND NEW.* IS DISTINCT FROM OLD.* OR {wrong}"
        never = _raise(f"a row that has ended never changes ({column})", name)
        refused = f"IF OLD.{column} IN ({finals}) THEN {never} END IF; {refused}"
    return [
        pgtrigger.Trigger(
            name=f"{name}_from",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert,
            condition=pgtrigger.Condition(f"NEW.{column} NOT IN ({starts})"),
            func=_raise(f"a row cannot be born in this {column}", name),
        ),
        pgtrigger.Trigger(
            name=name,
            when=pgtrigger.Before,
            operation=pgtrigger.Update,
            condition=pgtrigger.Condition(wrong),
            func=refused,
        ),
    ]
