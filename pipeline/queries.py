"""Reads for the page of a product. Nothing here writes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.dateparse import parse_datetime

from pipeline.consolidation import complete
from pipeline.intake import PROVENANCE
from pipeline.models import Product, ProductEvent
from runners.protocol.fields import Field
from scraping.models import ScrapeResult

UNITS, EVENTS = 100, 100
_SHORT = 80
_ABBREVIATIONS = {Field.SKU, Field.GTIN, Field.MPN}


class Text(NamedTuple):
    """A value as it is read; `address` is where it leads, if it is a picture's address on the web."""

    said: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A field with its values; `entry` is the record's, where the line is one of the record."""

    label: str
    values: list[Text]
    entry: Mapping[str, Any] | None = None
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """What one scraper says, where and when it read it, and since when it finds it no more."""

    slug: str
    lines: list[Line]
    url: str
    scraped: datetime | None
    gone: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """An event in words; where the values are too long to be read in passing they stand in `before` and `after`."""

    event: ProductEvent
    who: str
    said: str
    before: str = ""
    after: str = ""

    @property
    def details(self) -> bool:
        return bool(self.before or self.after)


def label(field: str) -> str:
    """A field's name as people read it."""
    return field.upper() if field in _ABBREVIATIONS else field.replace("_", " ").capitalize()


def record(product: Product) -> list[Line]:
    """The record's fields in the order of the vocabulary, also those that were cleared."""
    entries = product.consolidated
    undecided = complete.conflicts(entries)
    return [
        Line(label(field), _texts(field, entries[field].get("value")), entries[field], field in undecided)
        for field in Field
        if field in entries
    ]


def sources(product: Product) -> list[Source]:
    """Every scraper that ever found the product, by slug."""
    return [_source(slug, said) for slug, said in sorted(product.sources.items())]


def units(product: Product) -> list[ScrapeResult]:
    """How the product's units ended, across all jobs, the latest first."""
    return list(ScrapeResult.objects.filter(sku=product.sku).defer("raw", "fields").order_by("-id")[:UNITS])


def events(product: Product) -> list[Event]:
    """The product's history, the latest first."""
    return [_event(event) for event in ProductEvent.objects.filter(product=product).select_related("by")[:EVENTS]]


def _source(slug: str, said: Mapping[str, Any]) -> Source:
    fields = [field.value for field in Field if field in said]
    others = sorted(set(said) - set(fields) - PROVENANCE - {"not_found_at"})
    return Source(
        slug=slug,
        lines=[Line(label(field), _texts(field, said[field])) for field in [*fields, *others]],
        url=said.get("url") or "",
        scraped=_moment(said.get("scraped_at")),
        gone=_moment(said.get("not_found_at")),
    )


def _moment(text: object) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) else None


def _texts(field: str, value: object) -> list[Text]:
    said = list(_said(value))
    if field != Field.IMAGES:
        return [Text(text) for text in said]
    return [Text(text, text if text.startswith(("https://", "http://")) else "") for text in said]


def _said(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        yield from (f"{name}: {said}" for name, said in value.items())
    elif isinstance(value, list):
        for part in value:
            yield from _said(part)
    elif value is not None and value != "":
        yield str(value)


def _event(event: ProductEvent) -> Event:
    who = ", ".join(filter(None, [event.by.get_username() if event.by else "", event.actor]))
    name = label(event.field)
    if _is_short(event.old) and _is_short(event.new):
        return Event(event, who, f"{name}: {_brief(event.old)} → {_brief(event.new)}")
    about = ", ".join(map(str, event.new if isinstance(event.new, dict) else ()))
    return Event(event, who, f"{name}: {about}" if about else name, _long(event.old), _long(event.new))


def _is_short(value: object) -> bool:
    return not isinstance(value, dict | list) and len(_brief(value)) <= _SHORT and "\n" not in _brief(value)


def _brief(value: object) -> str:
    return "–" if value is None or value == "" else str(value)


def _long(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)
