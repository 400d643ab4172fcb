"""Signs on a page: what tells a login, a result list or a product page from another."""

from typing import Annotated

from pydantic import BeforeValidator, model_validator

from runners.protocol.definition.expressions import Css, ProductTemplate
from runners.protocol.definition.part import Part, exactly_one


def _as_list(value: object) -> object:
    return [value] if isinstance(value, int) else value


Statuses = Annotated[tuple[int, ...], BeforeValidator(_as_list, json_schema_input_type=int | tuple[int, ...])]


class Mark(Part, json_schema_extra=exactly_one("css", "text", "status")):
    """An element that exists, a text that is visible (case and spacing aside), or an HTTP status."""

    css: Css | None = None
    text: ProductTemplate | None = None
    status: Statuses | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Mark":
        self.one_of(("css", "text", "status"))
        return self


class Marks(Part):
    """Several marks: one of `any` and each of `all`; or a single mark written plainly."""

    any: tuple[Mark, ...] | None = None
    all: tuple[Mark, ...] | None = None
    css: Css | None = None
    text: ProductTemplate | None = None
    status: Statuses | None = None

    @model_validator(mode="after")
    def _some(self) -> "Marks":
        lists = [marks for marks in (self.any, self.all) if marks is not None]
        if not lists:
            self.one_of(("css", "text", "status"))
        elif self.css is not None or self.text is not None or self.status is not None:
            raise ValueError("put each mark into any or all, or write a single one without them")
        if not all(lists):
            raise ValueError("an empty list of marks says nothing; leave it out")
        return self

    @property
    def either(self) -> tuple[Mark, ...]:
        """The marks of which one is enough; a mark written plainly is one of them."""
        if self.any is None and self.all is None:
            return (Mark(css=self.css, text=self.text, status=self.status),)
        return self.any or ()

    @property
    def each(self) -> tuple[Mark, ...]:
        """The marks that must all hold."""
        return self.all or ()
