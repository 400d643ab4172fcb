"""Text from strangers made plain before it is compared, shown or stored. Pure; cleaning twice changes nothing more."""

import html
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import nh3

#: What a description may keep: structure and emphasis. No links, pictures or styles: they would point at the site.
MARKUP_TAGS = {
    *("p", "br", "ul", "ol", "li", "dl", "dt", "dd", "b", "strong", "i", "em", "u", "sub", "sup"),
    *("h2", "h3", "h4", "table", "thead", "tbody", "tr", "th", "td"),
}
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/tr|/dd)\b[^<>]*>", re.IGNORECASE)


def line(text: str) -> str:
    """One line of plain text: no markup, entities decoded, no control or invisible characters, single spaces, NFC."""
    return _until_stable(text, lambda value: " ".join(_plain(value).split()))


def prose(text: str) -> str:
    """Plain text that keeps its lines; blank lines, tabs and runs of spaces are folded, block elements end a line."""

    def tidy(value: str) -> str:
        lines = (" ".join(part.split()) for part in _plain(_BREAK.sub("\n", value)).splitlines())
        return "\n".join(part for part in lines if part)

    return _until_stable(text, tidy)


def markup(text: str) -> str:
    """HTML with nothing but `MARKUP_TAGS` and no attributes; scripts, styles and comments go with their content."""
    return _until_stable(text, lambda value: nh3.clean(_visible(value), tags=MARKUP_TAGS, attributes={}).strip())


def address(text: str) -> str:
    """An absolute http or https address without fragment, or "" for anything else (data:, javascript:, a bare path)."""
    try:
        parts = urlsplit(_visible(text).strip())
        host = parts.hostname
    except ValueError:  # an unclosed bracket, a port that is no number
        return ""
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or " " in parts.netloc:
        return ""
    return urlunsplit(
        (parts.scheme, parts.netloc.lower(), parts.path.replace(" ", "%20"), parts.query.replace(" ", "%20"), "")
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", html.unescape(nh3.clean(_visible(text), tags=set())))


def _visible(text: str) -> str:
    """Control characters become spaces, lines stay; format characters (zero width, bidi) and surrogates go."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_VISIBLE.get(unicodedata.category(char), char) if char != "\n" else char for char in text)


_VISIBLE = {"Cc": " ", "Cf": "", "Cs": "", "Co": "", "Zl": "\n", "Zp": "\n"}


def _until_stable(text: str, step: Callable[[str], str]) -> str:
    """Repeat, so that text escaped twice ends as plain as text escaped once; each step that changes it takes away."""
    while (cleaned := step(text)) != text:
        text = cleaned
    return text
