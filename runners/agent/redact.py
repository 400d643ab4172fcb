"""Secrets never leave the process in words: not in a log line, not in a result, not in a traceback."""

import base64
import html
import json
import logging
import re
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "[secret]"
_SHORT: Final = 6
_ESCAPED: Final = re.compile(r"%[0-9A-Fa-f]{2}")


class Redactor:
    """Knows this process's secrets and hides them, as they are and in every spelling a page or URL gives them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """From now on hide these too."""
        with self._lock:
            self._secrets.update(secret for secret in secrets if secret.strip())
            self._pattern = _pattern_of(self._secrets)

    def text(self, text: str) -> str:
        """The text with each secret replaced by a mark."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def json(self, value: Any) -> Any:
        """A JSON value with the secrets hidden in all its strings, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.json(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.json(item) for item in value]
        return value


class RedactingFormatter(logging.Formatter):
    """Formats a record with its traceback, then hides what must not be read."""

    def __init__(self, redactor: Redactor, fmt: str | None = None) -> None:
        super().__init__(fmt)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.text(super().format(record))


def _pattern_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """One alternation, longest spelling first, so that no part of a secret is left standing."""
    spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
    if not spellings:
        return None
    return re.compile("|".join(_expression(spelling) for spelling in sorted(spellings, key=len, reverse=True)))


def _spellings(secret: str) -> Iterator[str]:
    escaped = html.escape(secret, quote=True)
    yield from (secret, secret.strip(), html.escape(secret, quote=False), escaped)
    yield from (escaped.replace("&#x27;", "&#39;"), escaped.replace("&#x27;", "&apos;"))
    yield from (quote(secret), quote(secret, safe=""), quote_plus(secret))
    yield from (quote(quote(secret, safe=""), safe=""), repr(secret)[1:-1])
    for written in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield from (written, written.replace("/", "\\/"), html.escape(written))
    if len(secret) >= _SHORT:
        yield base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode("ascii").rstrip("=")


def _expression(spelling: str) -> str:
    """A short secret counts only as a word of its own: `a` would otherwise blot out every line."""
    exact = _ESCAPED.sub(lambda found: f"(?i:{found[0]})", re.escape(spelling).replace("\\%", "%"))
    return exact if len(spelling) >= _SHORT else rf"(?<!\w){exact}(?!\w)"
