"""What a job says while it works: one logger whose lines go to the console and to the server.

The thread that works on a unit says so once, with `about`; every line spoken meanwhile carries it.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    scraper: str | None = None
    sku: str | None = None


log = logging.getLogger("runners.agent.job")
_NOTHING = Subject()
_subject: ContextVar[Subject] = ContextVar("subject", default=_NOTHING)


def subject() -> Subject:
    """What this thread works on."""
    return _subject.get()


@contextmanager
def about(*, scraper: str | None = None, sku: str | None = None) -> Iterator[None]:
    """Lines spoken inside are about this scraper and SKU."""
    token = _subject.set(Subject(scraper, sku))
    try:
        yield
    finally:
        _subject.reset(token)
