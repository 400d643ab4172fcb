"""A scraper's definition: one immutable document that says what a site is and where a product's fields are on it."""

from typing import Annotated, Final, Literal

from pydantic import Field as Bound
from pydantic import StringConstraints, ValidationInfo, field_validator

from runners.protocol.definition import hosts
from runners.protocol.definition.part import Part
from runners.protocol.definition.rules import Rule
from runners.protocol.definition.site import Hosts, Login, Pick, Politeness, ProductPage, Search, Structured
from runners.protocol.fields import Field
from runners.protocol.words import Outcome

SCHEMA_VERSION: Final = 1

Amount = str | int | float


class Expectation(Part):
    """What a field of a tested product must say."""

    equals: str | None = None
    contains: str | None = None
    between: tuple[Amount, Amount] | None = None
    min: Annotated[int, Bound(ge=0)] | None = None


class Example(Part):
    """A SKU whose product, or whose outcome, is known."""

    sku: Annotated[str, StringConstraints(min_length=1)]
    expect: dict[Field, Expectation] = {}
    expect_outcome: Outcome | None = None


class Definition(Part):
    schema_version: Annotated[int, Bound(ge=1)]
    slug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", max_length=50)]
    engine: Literal["http"]
    hosts: Hosts
    politeness: Politeness = Politeness()
    login: Login | None = None
    search: Search
    pick: Pick | None = None
    product: ProductPage = ProductPage()
    structured: Structured | None = None
    fields: Annotated[dict[Field, Rule], Bound(min_length=1)]
    tests: tuple[Example, ...] = ()

    @field_validator("schema_version")
    @classmethod
    def _readable(cls, version: int, info: ValidationInfo) -> int:
        if version != SCHEMA_VERSION and not (info.context or {}).get("newer"):
            raise ValueError(f"only version {SCHEMA_VERSION} can be written")
        return version

    @field_validator("fields", mode="before")
    @classmethod
    def _known(cls, value: object, info: ValidationInfo) -> object:
        """A newer definition may name fields that this runner does not know: unknown keys, so passed over."""
        if not isinstance(value, dict) or not (info.context or {}).get("newer"):
            return value
        return {name: rule for name, rule in value.items() if name in set(Field)}

    def allows(self, url: str) -> bool:
        """May this address be fetched, and be sent secrets and cookies? Only an allowed host's may."""
        try:
            return hosts.of(url) in self.hosts.allowed
        except ValueError:
            return False
