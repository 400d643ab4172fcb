"""The API described as OpenAPI 3.1, from the messages themselves. It holds no secret, so anybody may read it."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.contrib.pydantic import PydanticExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel

from runners.protocol import messages
from runners.protocol.messages import ErrorAnswer, Message

ADDITION = "An addition: plain clients need not know it."
SECRETS = {
    "description": "The scraper's secrets by name.",
    "type": "object",
    "properties": {"username": {"type": "string"}, "password": {"type": "string"}},
    "additionalProperties": {"type": "string"},
}
_RETRY_AFTER = OpenApiParameter("Retry-After", int, OpenApiParameter.HEADER, response=[429, 503])
_KEY = {401: "no key, or one that is unknown", 403: "the key is revoked or has expired (`key_…`)"}
_LATER = {429: "too many requests", 500: "our own fault", 503: "the database cannot answer just now"}
JOB = {404: "there is no such job", 409: "stop this job now: `finished`, `cancelled` or `not_yours`"}
LINES = JOB | {416: "lines are missing: send from `details.expected` on"}
_BODY = {400: "this message is malformed: do not repeat it", 413: "send less at once"}
NO_SECRETS = {
    403: "the key is refused (`key_…`), may not use this scraper, or holds no running job with it",
    404: "none are stored",
}
JOB_ID = OpenApiParameter("job_id", str, required=True)
SCRAPER = OpenApiParameter("scraper", str, description="a slug; not needed where the path names it")
_Method = TypeVar("_Method", bound=Callable[..., Any])


class MessageExtension(PydanticExtension):  # type: ignore[no-untyped-call]
    """A message as JSON schema: what its reader reads, whoever that is. Each addition says that it is one."""

    target_class = "runners.protocol.messages.Message"
    priority = 1

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = self.target.model_json_schema(
            ref_template="#/components/schemas/{model}", mode="validation"
        )
        for name, part in schema.pop("$defs", {}).items():
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SCHEMA, object=name, schema=_marked(part)
            )
            auto_schema.registry.register_on_missing(component)
        return _marked(schema)


class KeyExtension(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Either header will do."""

    target_class = "scraping.api.authentication.RunnerKeyAuthentication"
    name = ["key", "bearer"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        return [{"type": "apiKey", "in": "header", "name": "X-API-Key"}, {"type": "http", "scheme": "bearer"}]


class Named(AutoSchema):
    """Operations are called as their paths: one view serves two of them."""

    def get_operation_id(self) -> str:
        return "_".join(re.findall(r"\w+", self.path.removeprefix("/api/")))


def describe(
    *,
    reads: type[Message] | None = None,
    answers: type[Message] | dict[str, Any],
    parameters: list[OpenApiParameter] | None = None,
    refusals: Mapping[int, str] | None = None,
) -> Callable[[_Method], _Method]:
    """Decorates a view's method. `refusals` are this endpoint's own, with why, beside those that all share."""
    errors = _KEY | _LATER | (_BODY if reads else {400: "what is asked for is not named"}) | dict(refusals or {})
    responses: dict[Any, Any] = {(200, "application/json"): answers}
    for status, why in sorted(errors.items()):
        responses[status, "application/json"] = OpenApiResponse(ErrorAnswer, description=why)
    decorate: Callable[[_Method], _Method] = extend_schema(
        request={"application/json": reads} if reads else None,
        responses=responses,
        parameters=[*(parameters or []), _RETRY_AFTER],
    )
    return decorate


@cache
def document() -> dict[str, Any]:
    """The whole description; it changes with the code alone."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


def _marked(schema: dict[str, Any]) -> dict[str, Any]:
    model = getattr(messages, str(schema.get("title")), None)
    if isinstance(model, type) and issubclass(model, BaseModel) and issubclass(model, Message):
        for name in model.additions:
            schema["properties"][name].setdefault("description", ADDITION)
    return schema
