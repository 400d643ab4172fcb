"""Rules the database itself keeps. A violation reaches Python as an IntegrityError with the constraint's name."""

from collections.abc import Iterator, Mapping, Sequence, Set
from functools import partial
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
    starts = ", ".join(f"'{state}'" for state in sorted(start))
    rules = [(f"NOT ({condition})", f"a row breaks {rule}", rule) for rule, condition in (always or {}).items()]
    wrong = [(condition, said, name) for condition, said in _wrong_moves(column, allowed, final, once)]
    before_insert = partial(Firm, when=pgtrigger.Before, operation=pgtrigger.Insert)
    born = pgtrigger.Condition(f"NEW.{column} NOT IN ({starts})")
    refusal = _raise(f"a row cannot be born in this {column}", name)
    # "_whole" comes after "_from" in the alphabet, which is asked first
    return [
        before_insert(name=f"{name}_from", condition=born, func=refusal),
        Firm(name=name, when=pgtrigger.Before, operation=pgtrigger.Update, func=_refusing([*wrong, *rules])),
        *([before_insert(name=f"{name}_whole", func=_refusing(rules))] if rules else []),
    ]


def _wrong_moves(
    column: str, allowed: Mapping[State, Set[State]], final: Set[State], once: str
) -> Iterator[tuple[str, str]]:
    """Conditions on OLD and NEW, each with the words for it."""
    if final:
        ends = ", ".join(f"'{state}'" for state in sorted(final))
        changed = f"OLD.{column} IN ({ends}) AND NEW IS DISTINCT FROM OLD"
        yield changed, f"a row that has ended never changes ({column})"
    pairs = ", ".join(f"('{old}', '{new}')" for old in sorted(allowed) for new in sorted(allowed[old]))
    moved = f"OLD.{column} <> NEW.{column} AND (OLD.{column}, NEW.{column}) NOT IN ({pairs})"
    yield moved, f"this move of {column} is not allowed"
    if once:
        yield f"OLD.{once} IS NOT NULL AND NEW.{once} IS DISTINCT FROM OLD.{once}", f"{once} is set once"


def _refusing(wrong: Sequence[tuple[str, str, str]]) -> str:
    """A function's body that refuses the row where one of the conditions is true; each has its words and its name.

    One expression asks for all of them: PL/pgSQL makes each one ready anew in each transaction.
    """
    any_of = " OR ".join(f"({condition}) IS TRUE" for condition, _said, _name in wrong)
    which = "".join(f"IF {condition} THEN {_raise(said, name)} END IF;\n" for condition, said, name in wrong)
    return f"IF {any_of} THEN\n{which}END IF;\nRETURN NEW;"
