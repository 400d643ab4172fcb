"""The states that pages embed in their scripts: `<script type="application/json">`, `window.state = {…}`."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

_START: Final = re.compile(r"=\s{0,9}(?=[{\[])|\bJSON\.parse\(\s{0,9}(?=\")")
_DECODER: Final = json.JSONDecoder(strict=False)
_MOST_TRIES: Final = 1_000


def states(root: etree._Element) -> Iterator[Any]:
    """Each object or list that a script holds or assigns as JSON, in page order; JSON-LD is not among them."""
    for script in root.iter("script"):
        kind = (script.get("type") or "").lower()
        text = script.text or ""
        if "json" not in kind:
            yield from _assigned(text)
        elif "ld+json" not in kind:
            yield from _whole(text)


def _whole(text: str) -> Iterator[Any]:
    try:
        yield json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return


def _assigned(text: str) -> Iterator[Any]:
    position = 0
    for _ in range(_MOST_TRIES):
        start = _START.search(text, position)
        if start is None:
            return
        position = start.end()
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, str):
            yield from _whole(value)
        else:
            yield value
