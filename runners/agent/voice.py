"""What a job says while it works: one logger whose lines go to the console and to the server.

A thread says once, with `about`, what it works on; every line it speaks meanwhile carries that.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final

log: Final = logging.getLogger("runners.agent.job")


@dataclass(frozen=True)
class Subject:
    job: str | None = None
    scraper: str | None = None
    sku: str | None = None


_NOTHING: Final = Subject()
_subject: ContextVar[Subject] = ContextVar("subject", default=_NOTHING)


def subject() -> Subject:
    """What this thread works on."""
    return _subject.get()


@contextmanager
def about(**what: str) -> Iterator[None]:
    """Lines spoken inside are about this `job`, `scraper` or `sku`, beside what they were about before."""
    token = _subject.set(replace(_subject.get(), **what))
    try:
        yield
    finally:
        _subject.reset(token)
