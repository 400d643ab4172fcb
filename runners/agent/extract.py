"""A product's fields from its page, by a definition. Pure: a page in, JSON values out."""

from dataclasses import dataclass, field

from runners.agent.page import Page
from runners.protocol.definition import Definition
from runners.protocol.tokens import Tokens


@dataclass(frozen=True)
class Extraction:
    """`fields`: JSON values by field name, adapted to each field's cardinality.

    `others`: per field what the other `from` entries and structured data said, `{"from": "ld name", "value": …}`.
    `missing`: the required fields that found no value, in the definition's order.
    """

    fields: dict[str, object] = field(default_factory=dict)
    others: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def extract(page: Page, definition: Definition, tokens: Tokens) -> Extraction:
    """Every field of the definition that the page, or its structured data, has a value for."""
    raise NotImplementedError
