"""Rules the database itself keeps. A violation reaches Python as an IntegrityError with the constraint's name."""

from collections.abc import Mapping, Sequence, Set
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
    always: Mapping[str, str] | None = None,
) -> list[Firm]:
    """Only `allowed` moves of `column`, only `start` states at INSERT; rows in a `final` state never change.

    The column `once`, where there is one, is never changed after it was set. `always` are conditions on NEW by the
    name that a violation gets, as of CHECK constraints; one that is unknown passes, as there.

    What is allowed at INSERT enters no function. At UPDATE the function asks: PostgreSQL reads the text of a condition
    anew for each statement, and this one's was a tenth of a claim.
    """
    pairs = ", ".join(f"('{old}', '{new}')" for old in sorted(allowed) for new in sorted(allowed[old]))
    starts = ", ".join(f"'{state}'" for state in sorted(start))
    ends = ", ".join(f"'{state}'" for state in sorted(final))
    move = f"OLD.{column} <> NEW.{column} AND (OLD.{column}, NEW.{column}) NOT IN ({pairs})"
    wrong = [
        *(
            [
                (
                    f"OLD.{column} IN ({ends}) AND NEW IS DISTINCT FROM OLD",
                    f"a row that has ended never changes ({column})",
                )
            ]
            * bool(final)
        ),
        (move, f"this move of {column} is not allowed"),
        *([(f"OLD.{once} IS NOT NULL AND NEW.{once} IS DISTINCT FROM OLD.{once}", f"{once} is set once")] * bool(once)),
    ]
    rules = [(f"NOT ({condition})", f"a row breaks {rule}", rule) for rule, condition in (always or {}).items()]
    asked = [*((condition, said, name) for condition, said in wrong), *rules]
    # its name comes after "_from", which is asked first
    whole = Firm(name=f"{name}_whole", when=pgtrigger.Before, operation=pgtrigger.Insert, func=_refusing(rules))
    return [
        Firm(
            name=f"{name}_from",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert,
            condition=pgtrigger.Condition(f"NEW.{column} NOT IN ({starts})"),
            func=_raise(f"a row cannot be born in this {column}", name),
        ),
        Firm(name=name, when=pgtrigger.Before, operation=pgtrigger.Update, func=_refusing(asked)),
        *([whole] if rules else []),
    ]


def _refusing(wrong: Sequence[tuple[str, str, str]]) -> str:
    """A function's body that refuses the row where one of the conditions is true; each has its words and its name.

    One expression asks for all of them: PL/pgSQL makes each one ready anew in each transaction.
    """
    any_of = " OR ".join(f"({condition}) IS TRUE" for condition, _said, _name in wrong)
    which = "".join(f"IF {condition} THEN {_raise(said, name)} END IF;\n" for condition, said, name in wrong)
    return f"IF {any_of} THEN\n{which}END IF;\nRETURN NEW;"
