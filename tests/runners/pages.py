"""Pages as a site serves them, and what a definition finds on them."""

import json
from typing import Any

from runners.agent import page as pages
from runners.agent.extract import Extraction, extract
from runners.agent.page import Page
from runners.protocol.definition import parse
from runners.protocol.tokens import Tokens
from tests import make

URL = "https://www.acme.test/items/7?colour=red"
TOKENS = Tokens("072705115310")


def page(body: str | bytes, *, url: str = URL, **served: Any) -> Page:
    """A page of the site."""
    return pages.read(body if isinstance(body, bytes) else body.encode(), url=url, **served)


def ld(*nodes: Any) -> str:
    """A JSON-LD block for each node."""
    return "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)


def extraction(body: str | bytes, fields: dict[str, Any], *, tokens: Tokens = TOKENS, **parts: Any) -> Extraction:
    """What a definition with these fields finds on a page."""
    return extract(page(body), parse(make.definition_document(fields=fields, **parts)), tokens)


def value(body: str | bytes, entry: dict[str, str], *, field: str = "name", **parts: Any) -> object:
    """What one `from` entry finds as a field's value."""
    return extraction(body, {field: {"from": [entry]}}, **parts).fields.get(field)
