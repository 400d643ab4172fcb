"""Typed readers of the environment: nonsense is refused at start, with the variable's name.

Every reader takes the variable's name and keyword arguments, and returns a value of one type. A variable that is unset,
or set to nothing but blanks, is its `default`; without a default it is missing. Whatever cannot be read raises
ImproperlyConfigured naming the variable, what it said and what is expected. `environ` is the environment to read
(the process's own when not given).
"""

import math
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import ImproperlyConfigured

Environ = Mapping[str, str]
Value = TypeVar("Value")

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
UNITS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?) *([a-z]*)", re.ASCII)
GENERATOR = "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


class Missing:
    """No default: the variable must be set."""


MISSING = Missing()


def refuse(name: str, said: str, expected: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is {said!r}; expected {expected}.")


def raw(name: str, environ: Environ | None = None) -> str | None:
    """What the variable says without the blanks around it; None when it says nothing."""
    value = (os.environ if environ is None else environ).get(name, "").strip()
    return value or None


def absent(name: str, default: Value | Missing, expected: str) -> Value:
    if isinstance(default, Missing):
        raise ImproperlyConfigured(f"{name} is not set; expected {expected}.")
    return default


def text(
    name: str,
    *,
    default: str | Missing = MISSING,
    choices: Collection[str] = (),
    like: re.Pattern[str] | None = None,
    of: str = "some text",
    environ: Environ | None = None,
) -> str:
    """Any text, or one of `choices` (in any case), or what `like` matches, which `of` describes."""
    expected = f"one of {', '.join(choices)}" if choices else of
    value = raw(name, environ)
    if value is None:
        return absent(name, default, expected)
    known = {choice.lower(): choice for choice in choices}
    if (choices and value.lower() not in known) or (like and not like.fullmatch(value)):
        raise refuse(name, value, expected)
    return known.get(value.lower(), value)


def secret(name: str, *, default: str | Missing = MISSING, at_least: int = 1, environ: Environ | None = None) -> str:
    """Text of at least so many characters; a refusal never repeats it."""
    expected = f"a secret of at least {at_least} characters ({GENERATOR} makes one)"
    value = raw(name, environ)
    if value is None:
        return absent(name, default, expected)
    if len(value) < at_least:
        raise ImproperlyConfigured(f"{name} has {len(value)} characters; expected {expected}.")
    return value


def boolean(name: str, *, default: bool | Missing = MISSING, environ: Environ | None = None) -> bool:
    """true, yes, on, 1 or false, no, off, 0, in any case."""
    expected = "true or false (or yes, no, on, off, 1, 0)"
    value = raw(name, environ)
    if value is None:
        return absent(name, default, expected)
    if value.lower() not in TRUE | FALSE:
        raise refuse(name, value, expected)
    return value.lower() in TRUE


def between(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum:g} to {maximum:g}"
    if minimum is not None:
        return f" of at least {minimum:g}"
    return f" of at most {maximum:g}" if maximum is not None else ""


def within(value: float, minimum: float | None, maximum: float | None) -> bool:
    return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)


def integer(
    name: str,
    *,
    default: int | Missing = MISSING,
    minimum: int | None = None,
    maximum: int | None = None,
    environ: Environ | None = None,
) -> int:
    """A whole number in decimal digits, within the limits (both included)."""
    expected = "a whole number" + between(minimum, maximum)
    value = raw(name, environ)
    if value is None:
        return absent(name, default, expected)
    if not WHOLE.fullmatch(value) or not within(int(value), minimum, maximum):
        raise refuse(name, value, expected)
    return int(value)


def duration(
    name: str,
    *,
    default: float | Missing = MISSING,
    minimum: float | None = 0,
    maximum: float | None = None,
    environ: Environ | None = None,
) -> float:
    """Seconds, from a number with an optional unit: 250ms, 30, 30s, 5m, 2h, 1d."""
    expected = f"a duration such as 30s, 5m or 2h{between(minimum, maximum)} (limits in seconds)"
    value = raw(name, environ)
    if value is None:
        return absent(name, default, expected)
    said = DURATION.fullmatch(value.lower())
    seconds = float(said[1]) * UNITS.get(said[2], math.nan) if said else math.nan
    if not math.isfinite(seconds) or not within(seconds, minimum, maximum):
        raise refuse(name, value, expected)
    return seconds


def listed(
    name: str,
    *,
    default: Sequence[str] | Missing = MISSING,
    like: re.Pattern[str] | None = None,
    of: str = "items",
    hidden: bool = False,
    environ: Environ | None = None,
) -> list[str]:
    """Texts between commas, without the blanks around them; empty places are left out.

    Each is matched by `like`, which `of` describes. A refusal counts to the wrong item and repeats it, unless `hidden`.
    """
    expected = f"{of}, with commas between them"
    value = raw(name, environ)
    if value is None:
        return list(absent(name, default, expected))
    items = [item.strip() for item in value.split(",") if item.strip()]
    for number, item in enumerate(items, 1):
        if like and not like.fullmatch(item):
            said = "wrong" if hidden else repr(item)
            raise ImproperlyConfigured(f"{name}: item {number} is {said}; expected {expected}.")
    return items


def time_zone(name: str, *, default: str | Missing = MISSING, environ: Environ | None = None) -> str:
    """The name of a time zone that this machine knows."""
    expected = "a time zone such as UTC or America/New_York"
    value = raw(name, environ)
    if value is None:
        return absent(name, default, expected)
    if value not in available_timezones():
        raise refuse(name, value, expected)
    return value


def path(name: str, *, default: Path | Missing = MISSING, environ: Environ | None = None) -> Path:
    """A path, absolute or from the present folder; `~` is the home folder. Nothing has to be there yet."""
    value = raw(name, environ)
    if value is None:
        return absent(name, default, "a path")
    if "\0" in value:
        raise refuse(name, value, "a path")
    return Path(value).expanduser().absolute()


def url(
    name: str,
    *,
    default: str | Missing = MISSING,
    schemes: Collection[str] = ("http", "https"),
    environ: Environ | None = None,
) -> str:
    """An address with one of `schemes` and a host, without slashes at its end; a refusal does not repeat a password."""
    expected = f"an address that starts with {' or '.join(f'{scheme}://' for scheme in schemes)} and names a host"
    value = raw(name, environ)
    if value is None:
        return absent(name, default, expected)
    try:
        parts = urlsplit(value)
        good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise refuse(name, masked(value), expected) from None
    if not good or any(character.isspace() for character in value):
        raise refuse(name, masked(value), expected)
    return value.rstrip("/")


def masked(address: str) -> str:
    """The address with what may be a password (between the first colon of the user part and its last @) starred out."""
    return re.sub(r"(//[^/@:]*):.*@", r"\1:***@", address, count=1, flags=re.DOTALL)
