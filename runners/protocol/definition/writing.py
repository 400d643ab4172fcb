"""A stored definition as text for people: keys in the order of the reference, short parts on one line.

The database keeps what a definition says, not how it was laid out.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

from runners.protocol.definition import marks, rules, site, steps, whole
from runners.protocol.definition.part import Part
from runners.protocol.fields import Field

WIDTH: Final = 108


def _keys(*parts: type[Part]) -> tuple[str, ...]:
    return tuple(field.alias or name for part in parts for name, field in part.model_fields.items())


# By the key under which an object stands; whatever is not named here is a rule, or has one key.
_ORDER: Final = {
    "": _keys(whole.Definition),
    "politeness": _keys(site.Politeness),
    "login": _keys(site.Login),
    "form": _keys(site.LoginForm),
    "search": _keys(site.Search),
    "pick": _keys(site.Pick),
    "require": _keys(site.Requirement),
    "product": _keys(site.ProductPage),
    "structured": _keys(site.Structured),
    "fields": tuple(Field),
    "from": _keys(rules.From),
    "tests": _keys(whole.Example),
    "expect": tuple(Field),
}
_ANY_OTHER: Final = _keys(rules.Rule, rules.Table, marks.Marks, steps.RegexOptions, whole.Expectation)


def write(document: object) -> str:
    """`document` (decoded JSON) as JSON text that says the same."""
    return _text(document, key="", indent=0, room=WIDTH)


def _text(value: Any, *, key: str, indent: int, room: int) -> str:
    flat = json.dumps(_ordered(value, key), ensure_ascii=False)
    if (indent and len(flat) <= room) or not isinstance(value, dict | list) or not value:
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, list):
        lines = [_text(one, key=key, indent=indent + 2, room=WIDTH - indent - 2) for one in value]
        return f"[\n{inner}" + f",\n{inner}".join(lines) + f"\n{' ' * indent}]"
    lines = [_entry(name, value[name], indent + 2) for name in _sorted(value, key)]
    return f"{{\n{inner}" + f",\n{inner}".join(lines) + f"\n{' ' * indent}}}"


def _entry(name: str, value: Any, indent: int) -> str:
    label = f"{json.dumps(name, ensure_ascii=False)}: "
    return label + _text(value, key=name, indent=indent, room=WIDTH - indent - len(label))


def _ordered(value: Any, key: str) -> Any:
    if isinstance(value, list):
        return [_ordered(one, key) for one in value]
    if isinstance(value, dict):
        return {name: _ordered(value[name], name) for name in _sorted(value, key)}
    return value


def _sorted(names: Iterable[str], key: str) -> list[str]:
    order = _ORDER.get(key, _ANY_OTHER)
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))
