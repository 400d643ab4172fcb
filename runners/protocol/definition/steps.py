"""The closed list of transforms: what may be done to a field's values, one step after the other."""

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from runners.protocol import units
from runners.protocol.definition import expressions
from runners.protocol.definition.expressions import Pattern
from runners.protocol.definition.part import Part, exactly_one

MOST_STEPS: Final = 50

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Separator = Annotated[str, StringConstraints(max_length=100)]


class PriceOptions(Part):
    """`currency`: the one the site sells in; `decimal`: its decimal separator where the text leaves it open."""

    currency: Currency | None = None
    decimal: Literal[".", ","] | None = None


class NumberOptions(Part):
    decimal: Literal[".", ","] | None = None


class RegexOptions(Part):
    """`group`: a number or name; left out, the first group that took part, or the whole match where there are none."""

    pattern: Pattern
    group: int | str | None = None

    @model_validator(mode="after")
    def _has_group(self) -> "RegexOptions":
        compiled = expressions.pattern(self.pattern)
        if isinstance(self.group, int) and not 0 <= self.group <= compiled.groups:
            raise ValueError(f"the pattern has {compiled.groups} groups")
        if isinstance(self.group, str) and self.group not in compiled.groupindex:
            raise ValueError(f"the pattern has no group {self.group}")
        return self


def _pattern_alone(value: object) -> object:
    return {"pattern": value} if isinstance(value, str) else value


def _no_options(value: object) -> object:
    return {} if value is True else value


def _no_text(value: object) -> object:
    return "" if value is True else value


Regex = Annotated[RegexOptions, BeforeValidator(_pattern_alone, json_schema_input_type=str | RegexOptions)]


def _known_unit(name: str) -> str:
    if name and name not in units.UNITS:
        raise ValueError(f"only {', '.join(sorted(units.UNITS))} are known")
    return name


Bare = Literal[True]
Price = Annotated[PriceOptions, BeforeValidator(_no_options, json_schema_input_type=Bare | PriceOptions)]
Number = Annotated[NumberOptions, BeforeValidator(_no_options, json_schema_input_type=Bare | NumberOptions)]
Characters = Annotated[Separator, BeforeValidator(_no_text, json_schema_input_type=Bare | Separator)]
UnitName = Annotated[
    Separator, BeforeValidator(_no_text, json_schema_input_type=Bare | Separator), AfterValidator(_known_unit)
]

BareKind = Literal[
    "text", "html", "digits", "upper", "title", "strip", "price", "gtin", "number", "unit", "absolute",
    "srcset_largest", "dedupe", "first",
]  # fmt: skip
BARE: Final = get_args(BareKind)
KINDS: Final = (*BARE, "replace", "regex_extract", "split", "join", "map", "limit")


class Step(Part, json_schema_extra=exactly_one(*KINDS)):
    """One transform, by the key that is set. `"text"` is short for `{"text": true}`."""

    text: Bare | None = None
    html: Bare | None = None
    digits: Bare | None = None
    upper: Bare | None = None
    title: Bare | None = None
    strip: Characters | None = None
    replace: tuple[Annotated[Separator, Field(min_length=1)], Separator] | None = None
    regex_extract: Regex | None = None
    split: Annotated[Separator, Field(min_length=1)] | None = None
    join: Separator | None = None
    map: dict[str, str] | None = None
    price: Price | None = None
    gtin: Bare | None = None
    number: Number | None = None
    unit: UnitName | None = None
    absolute: Bare | None = None
    srcset_largest: Bare | None = None
    dedupe: Bare | None = None
    first: Bare | None = None
    limit: Annotated[int, Field(ge=1, le=10_000)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Step":
        self.one_of(KINDS)
        return self

    @property
    def kind(self) -> str:
        return self.one_of(KINDS)

    @property
    def argument(self) -> Any:
        """What the key holds; of options and texts written bare, the empty ones."""
        return self.held_by(self.kind)


def _bare(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value not in BARE:
        known = "it needs an argument" if value in KINDS else f"only {', '.join(KINDS)} are"
        raise ValueError(f"{value} is not known as a bare transform: {known}")
    return {value: True}


AnyStep = Annotated[Step, BeforeValidator(_bare, json_schema_input_type=BareKind | Step)]
Steps = Annotated[tuple[AnyStep, ...], Field(max_length=MOST_STEPS)]
