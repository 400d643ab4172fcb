"""What the shops share: a request, an answer, pages filled from templates, and the misfortunes of real servers."""

import csv
from collections import Counter
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from string import Template
from threading import Lock
from typing import Protocol

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Request:
    """`query` and `form` hold the first value of each name."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    body: str = ""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


class Shop(Protocol):
    """One distributor: answers a request from its own catalogue."""

    def answer(self, request: Request) -> Answer: ...


class Html(str):
    """Text that is markup already and goes into a page as it is."""

    __slots__ = ()


def fill(shop: str, page: str, /, **values: str) -> Html:
    """The shop's page with each `$name` replaced; what is not Html is escaped."""
    template = Template((HERE / "pages" / shop / f"{page}.html").read_text(encoding="utf-8").strip())
    safe = {name: value if isinstance(value, Html) else escape(value) for name, value in values.items()}
    return Html(template.substitute(safe))


def page(shop: str, name: str, /, *, title: str, **values: str) -> Answer:
    """A page of the shop inside its frame; the frame sees the values too."""
    return Answer(fill(shop, "frame", **values, title=title, main=fill(shop, name, **values)))


def missing(shop: str, /, **values: str) -> Answer:
    return replace(page(shop, "missing", title="Not found", **values), status=404)


def join(parts: list[Html]) -> Html:
    return Html("\n".join(parts))


def catalog(shop: str) -> list[dict[str, str]]:
    """The shop's rows in the order of its file, every cell as text."""
    with (HERE / "catalogs" / f"{shop}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def redirect(location: str, *headers: tuple[str, str]) -> Answer:
    return Answer(status=302, headers=(("Location", location), *headers))


class Misfortunes:
    """What goes wrong with a product's page, by the word in its row's `quirk`.

    `busy-once` answers 429 and `error-once` 500 to the first request only; `down` answers 500 for ever; `gone` is 404.
    Other words are the shop's own affair. Counts begin anew with each process.
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._lock = Lock()

    def strike(self, key: str, quirk: str) -> Answer | None:
        """The answer that replaces the page of `key` this time, or None."""
        with self._lock:
            self._seen[key] += 1
            first = self._seen[key] == 1
        if quirk == "busy-once" and first:
            return Answer("<h1>Too many requests</h1>", 429, headers=(("Retry-After", "1"),))
        if quirk == "down" or (quirk == "error-once" and first):
            return Answer("<h1>Internal server error</h1>", 500)
        if quirk == "gone":
            return Answer("<h1>Page not found</h1><p>This product is no longer sold.</p>", 404)
        return None
