"""How one field of a product is found: where to look, what to do with it."""

from typing import Annotated, Final

from pydantic import Field, model_validator

from runners.protocol.definition.expressions import Css, JsonPath, ProductTemplate, Words, XPath
from runners.protocol.definition.part import Part, exactly_one
from runners.protocol.definition.steps import Steps
from runners.protocol.fields import PriceKind

SOURCES: Final = ("css", "xpath", "label", "ld", "micro", "og", "json", "meta", "const")


class From(Part, json_schema_extra=exactly_one(*SOURCES)):
    """One place to look. `attr` goes with css: `srcset|data-zoom|src` takes the first of these an element has.

    `ld` and `micro` are dotted paths from the page's product (`offers.price`); `og` and `meta` name a meta tag; `json`
    is a JMESPath over the answer or the states a page embeds; `label` is the words beside the value.
    """

    css: Css | None = None
    attr: Annotated[Words, Field(pattern=r"^[\w:.\-]+(\|[\w:.\-]+)*$")] | None = None
    xpath: XPath | None = None
    label: Words | None = None
    ld: Words | None = None
    micro: Words | None = None
    og: Words | None = None
    json_: JsonPath | None = Field(default=None, alias="json")
    meta: Words | None = None
    const: ProductTemplate | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "From":
        self.one_of(SOURCES)
        if self.attr is not None and self.css is None:
            raise ValueError("attr goes with css")
        return self

    @property
    def kind(self) -> str:
        """One of SOURCES."""
        return self.one_of(SOURCES)

    @property
    def argument(self) -> str:
        """The expression, path, name or text that goes with the kind."""
        return str(self.held_by(self.kind))


class Table(Part):
    """Names and values in rows: `key` and `value` are looked up inside each of `rows`."""

    rows: Css
    key: Css
    value: Css


class Rule(Part):
    """The first of `from` that yields a value after `transform` wins; what the others said is kept beside it."""

    from_: tuple[From, ...] = Field(default=(), alias="from")
    required: bool = False
    many: bool | None = None
    transform: Steps = ()
    kind: PriceKind | None = None
    table: Table | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Rule":
        if self.table is not None and self.from_:
            raise ValueError("a field is read from a table or by from, not both")
        return self
