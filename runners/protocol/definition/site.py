"""The parts of a definition that concern the site: its hosts, its doors, its lists."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from runners.protocol.definition import hosts
from runners.protocol.definition.expressions import Css, ProductTemplate, SecretTemplate
from runners.protocol.definition.marks import Marks
from runners.protocol.definition.part import Part, exactly_one

Host = Annotated[str, StringConstraints(min_length=1, max_length=253), AfterValidator(hosts.normalise)]


def _fetchable(url: str) -> str:
    hosts.of(url)
    return url


Address = Annotated[ProductTemplate, AfterValidator(_fetchable)]


def _some(allowed: tuple[str, ...]) -> tuple[str, ...]:
    if not allowed:
        raise ValueError("name at least one host")
    return allowed


class Hosts(Part):
    """The only hosts that are fetched, and the only ones that see secrets and cookies."""

    allowed: Annotated[tuple[Host, ...], Field(max_length=20), AfterValidator(_some)]


class Politeness(Part):
    """Per host and runner process. Seconds and bytes."""

    delay_s: Annotated[float, Field(ge=0, le=300)] = 1.0
    max_parallel: Annotated[int, Field(ge=1, le=16)] = 1
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 20.0
    max_bytes: Annotated[int, Field(ge=1_000, le=50_000_000)] = 10_000_000


class LoginForm(Part):
    """The page that holds the form, and what to write into its fields by name."""

    url: Address
    fields: Annotated[dict[str, SecretTemplate], Field(min_length=1)]


class Login(Part):
    form: LoginForm
    logged_in: Marks
    failed: Marks | None = None


class Search(Part):
    """Where a SKU is asked for; without `pick` the answer is the product page itself."""

    url: Address
    no_result: Marks | None = None


class Requirement(Part, json_schema_extra=exactly_one("equals", "contains")):
    """What the text of a result row's element must be (case and spacing aside) or contain."""

    css: Css
    equals: ProductTemplate | None = None
    contains: ProductTemplate | None = None

    @model_validator(mode="after")
    def _one_test(self) -> "Requirement":
        self.one_of(("equals", "contains"))
        return self


class Pick(Part):
    """Which rows of a result list are results, which satisfy, and where their link is."""

    rows: Css
    link: Css
    require: tuple[Requirement, ...] = ()
    on_many: Literal["ambiguous", "first"] = "ambiguous"


class ProductPage(Part):
    """What marks a product page, where on it css, xpath and label look, and what they must not see."""

    marker: Marks | None = None
    scope: Css | None = None
    exclude: tuple[Css, ...] = ()


class Structured(Part):
    """What pages say for machines: used where `from` found nothing (fallback), kept beside what it found (check)."""

    use: tuple[Literal["jsonld", "microdata", "opengraph"], ...] = ("jsonld", "microdata", "opengraph")
    role: Literal["fallback_and_check", "fallback", "check"] = "fallback_and_check"

    @property
    def falls_back(self) -> bool:
        return self.role != "check"

    @property
    def checks(self) -> bool:
        return self.role != "fallback"
