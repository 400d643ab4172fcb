"""Reads single values leniently, and leaves only what can be stored.

Every string is cleaned of NUL and lone surrogates, because neither PostgreSQL nor UTF-8 can carry them.
"""

import math
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, ValidatorFunctionWrapHandler, WrapValidator

from runners.protocol.words import JobStatus, LogLevel

MAX_DEPTH = 32


def clean_text(text: str) -> str:
    """Replace NUL and lone surrogates by U+FFFD."""
    if text.isascii():  # most is, and a log is long
        return text.replace("\x00", "\ufffd")
    return text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def clean_json(value: Any, depth: int = 0) -> Any:
    """Return `value` with every string cleaned.

    Raises ValueError for numbers that are not finite and for nesting beyond 32.
    """
    if depth >= MAX_DEPTH and isinstance(value, dict | list):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number that is not finite")
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item, depth + 1) for item in value]
    return value


def _aware(value: object) -> object:
    """Read a timestamp with or without a zone; one without is UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value


def _or_none(value: object, read: ValidatorFunctionWrapHandler) -> object:
    """A time that cannot be read is no reason to lose the line or unit that carries it."""
    try:
        return read(value)
    except ValueError:
        return None


def _or_as_said(value: object, read: ValidatorFunctionWrapHandler) -> object:
    """What cannot be read as a time stays text: two lines that differ in nothing else are two lines."""
    try:
        return read(value)
    except ValueError:
        return clean_text(str(value))[:100]


def _text_of(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def as_object(value: object) -> object:
    """Some languages write an empty object as a list."""
    return {} if value == [] else value


def or_empty(value: object) -> object:
    return {} if value is None else as_object(value)


def spoken(status: JobStatus) -> JobStatus:
    if status is JobStatus.PENDING:
        raise ValueError("a runner says running, completed or failed")
    return status


Text = Annotated[str, BeforeValidator(_text_of), AfterValidator(clean_text)]
When = Annotated[datetime, AfterValidator(_aware)]
Sometime = Annotated[When | None, WrapValidator(_or_none)]
AsSaid = Annotated[When | str | None, Field(union_mode="left_to_right"), WrapValidator(_or_as_said)]
Level = Annotated[LogLevel, BeforeValidator(LogLevel.fold)]
Json = Annotated[JsonValue, BeforeValidator(clean_json)]
Fields = Annotated[dict[Text, Json], BeforeValidator(or_empty)]
Scraped = Annotated[dict[Text, Fields], BeforeValidator(or_empty)]
