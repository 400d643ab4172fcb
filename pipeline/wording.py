"""A field's value as text in a form, and back. Pure.

Lists have one part a line, attributes `Name: value` a line.
"""

from collections.abc import Iterator
from typing import Any

from runners.protocol.fields import CARDINALITY, Cardinality, Field


def text(value: Any) -> str:
    """What stands in the form; "" for nothing."""
    if isinstance(value, dict):
        return "\n".join(f"{name}: {said}" for name, said in value.items())
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return "" if value is None else str(value)


def parse(field: Field, typed: str) -> Any:
    """What was typed, to be cleaned like any other value; a line of attributes without a colon is a name alone."""
    if field is Field.ATTRIBUTES:
        return dict(_pair(line) for line in _lines(typed))
    if CARDINALITY[field] is Cardinality.MANY:
        return list(_lines(typed))
    return typed


def same(first: str, second: str) -> bool:
    """Whether two texts from a form are the same but for the line ends that browsers rewrite and space around."""
    return list(_lines(first)) == list(_lines(second))


def _lines(typed: str) -> Iterator[str]:
    return (line.strip() for line in typed.splitlines() if line.strip())


def _pair(line: str) -> tuple[str, str]:
    name, found, said = line.partition(": ")
    if not found:
        name, _, said = line.partition(":")
    return name, said
