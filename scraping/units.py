"""Reads the results a runner sends, in either form, and compares a repeat with what is stored. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from runners.protocol import fields
from runners.protocol.messages import CallbackResults, UnitItem
from runners.protocol.words import Outcome

# a flat unit with one of these was found (runner-api)
_TELLING = ("name", "brand", "weight")


class Repeat(StrEnum):
    EQUAL = "equal"
    FULLER = "fuller"
    CONTRADICTS = "contradicts"


@dataclass(frozen=True)
class Unit:
    """How one unit ended. A flat unit says no outcome; it follows from its fields."""

    sku: str
    scraper: str
    outcome: Outcome | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    milliseconds: int | None = None
    scraped_at: datetime | None = None
    message: str = ""

    @property
    def ended(self) -> Outcome:
        return self.outcome or outcome_of(self.fields)


def outcome_of(values: Mapping[str, Any]) -> Outcome:
    """What a plain client found: a name, brand or weight counts."""
    return Outcome.FOUND if any(key in values for key in _TELLING) else Outcome.NOT_FOUND


def read(results: CallbackResults | None) -> list[Unit]:
    """The units of a message in its own order, empty values left out, field names folded to ours."""
    if results is None:
        return []
    flat = [
        _flat(sku, scraper, values) for sku, scrapers in results.data.items() for scraper, values in scrapers.items()
    ]
    return flat + [_item(item) for item in results.items or []]


def repeat(*, outcome: str, values: Mapping[str, Any], unit: Unit) -> Repeat:
    """How `unit` relates to the stored `outcome` and `values` of the same unit."""
    stated = {unit.outcome} if unit.outcome else {Outcome.NOT_FOUND, *([Outcome.FOUND] if unit.fields else [])}
    common = values.keys() & unit.fields.keys()
    if outcome not in stated or any(values[key] != unit.fields[key] for key in common):
        return Repeat.CONTRADICTS
    return Repeat.FULLER if unit.fields.keys() - values.keys() else Repeat.EQUAL


def _flat(sku: str, scraper: str, values: dict[str, Any]) -> Unit:
    told, raw = _fold(values)
    url = raw.pop("url", "")
    moment = raw.pop("scraped_at", None)
    if not _is_web(url):
        raw |= {"url": url} if url else {}
        url = ""
    return Unit(sku=sku, scraper=scraper, fields=told, raw=raw, url=url, scraped_at=_moment(moment))


def _item(item: UnitItem) -> Unit:
    told, raw = _fold(item.fields)
    url = item.url or ""
    raw |= {"others": item.others} if item.others else {}
    raw |= {"url": url} if url and not _is_web(url) else {}
    return Unit(
        sku=item.sku,
        scraper=item.scraper,
        outcome=item.outcome,
        fields=told,
        raw=raw,
        url=url if _is_web(url) else "",
        milliseconds=item.milliseconds,
        scraped_at=_utc(item.scraped_at),
        message=item.message,
    )


def _fold(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our fields, and what is none of ours or more than a field holds. Our own names win over other spellings."""
    told: dict[str, Any] = {}
    raw: dict[str, Any] = {}
    for name in sorted(values, key=lambda name: fields.fold(name) != name):
        value, ours = values[name], fields.fold(name)
        if _is_empty(value):
            continue
        if ours is None or ours in told:
            raw[name] = value
            continue
        adapted = fields.adapt(ours, value)
        if not _is_empty(adapted):
            told[ours.value] = adapted
        if fields.rest(ours, value):
            raw[name] = value
    return told, raw


def _is_empty(value: object) -> bool:
    return not value.strip() if isinstance(value, str) else value in (None, [], {})


def _is_web(url: object) -> bool:
    return isinstance(url, str) and url.lower().startswith(("http://", "https://"))


def _moment(value: object) -> datetime | None:
    """A timestamp with or without zone; None where it cannot be read."""
    if not isinstance(value, str):
        return None
    try:
        return _utc(datetime.fromisoformat(value))
    except ValueError:
        return None


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return None
