"""Builders of what tests need, as plain functions."""

from typing import Any


def definition_document(**changes: Any) -> dict[str, Any]:
    """A scraper's definition as staff write it, its top keys replaced by `changes`."""
    document = {
        "schema_version": 1,
        "slug": "acme",
        "engine": "http",
        "hosts": {"allowed": ["www.acme.test"]},
        "search": {"url": "https://www.acme.test/search?q={sku}"},
        "fields": {"name": {"from": [{"css": "h1"}]}},
    }
    return document | changes
