"""Reads a body as JSON, strictly and within bounds, whatever its content type says."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from runners.protocol.values import clean_json

MAX_BYTES = 8 * 1024 * 1024
MAX_CALLBACK_BYTES = 64 * 1024 * 1024


class BodyTooLargeError(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """One JSON object, at most 32 levels deep, all numbers finite, every string storable."""

    media_type = "*/*"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Raises BodyTooLargeError before anything is parsed, or ParseError."""
        view = (parser_context or {}).get("view")
        limit = getattr(view, "max_bytes", MAX_BYTES)
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLargeError(f"The body is larger than {limit // 1024 // 1024} MB. Send less at once.")
        return read_object(body)


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; NUL, lone surrogates and bytes that are no UTF-8 become U+FFFD. Raises ParseError."""
    text = body.decode("utf-8-sig", "replace")
    try:
        value = clean_json(json.loads(text or "{}", strict=False, parse_constant=_refuse))
    except RecursionError:
        raise ParseError("The body is nested too deeply.") from None
    except ValueError as error:
        raise ParseError(f"The body is not the JSON we read: {_sentence(error)}.") from None
    if not isinstance(value, dict):
        raise ParseError("The body is not a JSON object.")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError("a number that is not finite")


def _sentence(error: ValueError) -> str:
    """Where it stopped, without the text around it."""
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}"
    return str(error) if str(error).startswith(("nested", "a number that")) else "a number is too long"
