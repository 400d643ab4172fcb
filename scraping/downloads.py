"""A whole log as a file, written while it is sent: never more than one stretch of it is in memory."""

import json
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import connection
from django.utils.translation import ngettext

from scraping import lines, queries
from scraping.models import ScrapeJob, ScrapeJobLog
from scraping.queries import Removed
from scraping.visible import visible

Read = TypeVar("Read")


class Form(StrEnum):
    TEXT = "text"
    JSON_LINES = "jsonl"

    @property
    def content_type(self) -> str:
        return "text/plain; charset=utf-8" if self is Form.TEXT else "application/jsonl"

    @property
    def suffix(self) -> str:
        return "log" if self is Form.TEXT else "jsonl"


async def pieces(job: ScrapeJob, form: Form) -> AsyncIterator[str]:
    """The file, a stretch at a time; what was removed is said first. The database is let go between stretches."""
    write, gone = (_text, _gone_text) if form is Form.TEXT else (_json, _gone_json)
    removed = await _read(lambda: queries.removed(job))
    if removed:
        yield gone(removed)
    position = 0
    while position < job.log_head:
        stretch = await _read(lambda after=position: lines.after(job, after))  # type: ignore[misc]
        yield "".join(map(write, stretch.lines))
        position = stretch.last


async def _read(look: Callable[[], Read]) -> Read:
    def once() -> Read:
        try:
            return look()
        finally:
            if not connection.in_atomic_block:
                connection.close()

    return await sync_to_async(once)()


def _text(line: ScrapeJobLog) -> str:
    """Tabs between the parts; a line break inside a message is indented, and names have neither."""
    moment = (line.logged_at or line.created_at).isoformat(timespec="milliseconds")
    scraper, sku = (" ".join(visible(name).split()) if name else "-" for name in (line.scraper, line.sku))
    said = visible(line.message).replace("\n", "\n    ")
    return f"{line.position}\t{moment}\t{line.level}\t{scraper}\t{sku}\t{said}\n"


def _json(line: ScrapeJobLog) -> str:
    as_it_came = {"message": line.message, "scraper": line.scraper, "sku": line.sku}
    return json.dumps(queries.line_as_json(line) | as_it_came) + "\n"


def _gone_text(removed: Removed) -> str:
    said = ngettext("%(n)d line was removed on %(day)s", "%(n)d lines were removed by %(day)s", removed.count)
    return f"# {said % {'n': removed.count, 'day': removed.at.date().isoformat()}}\n"


def _gone_json(removed: Removed) -> str:
    return json.dumps({"removed": removed.count, "at": removed.at.isoformat()}) + "\n"
