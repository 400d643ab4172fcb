"""A document in, a checked definition out, or every problem with its path."""

import json
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from runners.protocol.definition.consistency import problems_of
from runners.protocol.definition.problem import DefinitionError, Problem, path
from runners.protocol.definition.whole import Definition

_SENTENCES: Final = {
    "extra_forbidden": "this key is not known here",
    "missing": "this key is missing",
    "model_type": "this must be an object",
    "dict_type": "this must be an object",
    "tuple_type": "this must be a list",
    "string_type": "this must be a text",
}
MOST_BYTES: Final = 64 * 1024


def parse(document: object, *, strict: bool = True) -> Definition:
    """The definition in `document` (decoded JSON). Raises DefinitionError with every problem found.

    `strict=False` is a runner that reads a newer `schema_version`: keys and fields it does not know are passed over.
    """
    _measure(document)
    try:
        definition = Definition.model_validate(
            document, extra="forbid" if strict else "ignore", context={"newer": not strict}
        )
    except ValidationError as error:
        raise DefinitionError(map(_problem, error.errors(include_url=False, include_input=False))) from None
    if problems := list(problems_of(definition)):
        raise DefinitionError(problems)
    return definition


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a definition, for editors."""
    schema = Definition.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": "A scraper's definition"}


def _measure(document: object) -> None:
    try:
        written = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(written.encode("utf-8"))
    except RecursionError:
        raise DefinitionError([Problem("", "it is nested too deeply")]) from None
    except (TypeError, ValueError):
        raise DefinitionError([Problem("", "it holds something that is not JSON")]) from None
    if size > MOST_BYTES:
        raise DefinitionError([Problem("", f"{size:,} bytes are too many; the most is {MOST_BYTES:,}")])
    if "\\u0000" in written:
        raise DefinitionError([Problem("", "it holds a NUL character")])


def _problem(error: ErrorDetails) -> Problem:
    steps = [step for step in error["loc"] if step != "[key]"]
    return Problem(path(steps), _sentence(error))


def _sentence(error: ErrorDetails) -> str:
    return _SENTENCES.get(error["type"]) or error["msg"].removeprefix("Value error, ").removeprefix("Input ")
