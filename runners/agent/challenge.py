"""Signs that a site keeps programs out. They are named and obeyed, never evaded."""

from collections.abc import Mapping
from typing import Final

REFUSALS: Final = frozenset({401, 403, 429, 503})
_LOOK_AT: Final = 200_000
_SIGNS: Final = (
    "captcha",
    "cf-chl",
    "/cdn-cgi/challenge-platform",
    "just a moment...",
    "attention required! | cloudflare",
    "_incapsula_resource",
    "px-captcha",
    "datadome",
    "are you a human",
    "verify you are human",
    "verify that you are human",
    "unusual traffic",
    "automated access",
    "bot detection",
)


def sign(status: int, headers: Mapping[str, str], body: bytes) -> str | None:
    """The challenge mark on a refusing answer (401, 403, 429, 503), or None where it carries none."""
    if status not in REFUSALS:
        return None
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return "cf-mitigated: challenge"
    text = body[:_LOOK_AT].decode("utf-8", "replace").lower()
    return next((mark for mark in _SIGNS if mark in text), None)
