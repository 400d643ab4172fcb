"""Every error in one shape, `{"error", "code", "details"}`, from one place; never an exception's text or a secret."""

import logging
from typing import Any

from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from pydantic import ValidationError
from rest_framework import exceptions, status
from rest_framework.response import Response

from scraping import outage
from scraping.api.throttling import TooManyRequestsError
from scraping.refusals import (
    FenceError,
    ForeignUnitError,
    LogGapError,
    NoCredentialsError,
    NoJobError,
    RefusedError,
    ScraperNotAllowedError,
    UnknownJobError,
)

logger = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = 5

_STATUSES: dict[type[RefusedError], int] = {
    ForeignUnitError: status.HTTP_400_BAD_REQUEST,
    ScraperNotAllowedError: status.HTTP_403_FORBIDDEN,
    NoJobError: status.HTTP_403_FORBIDDEN,
    NoCredentialsError: status.HTTP_404_NOT_FOUND,
    UnknownJobError: status.HTTP_404_NOT_FOUND,
    FenceError: status.HTTP_409_CONFLICT,
    LogGapError: status.HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE,
}
_CODES = {"parse_error": "malformed", "not_authenticated": "unauthorized", "authentication_failed": "unauthorized"}


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to whatever a view raised."""
    if isinstance(error, RefusedError):
        return _answer(_status_of(error), error.sentence, error.code, error.details)
    if isinstance(error, ValidationError):
        return _malformed(error)
    if isinstance(error, exceptions.APIException):
        return _from_rest(error)
    if isinstance(error, Http404):
        return _answer(status.HTTP_404_NOT_FOUND, "There is nothing at this address.", "not_found")
    if isinstance(error, Error) and outage.is_outage(error):
        logger.warning("the database cannot answer now: %s", type(error).__name__)
        return _unavailable()
    logger.error("%s failed", context["request"].path, exc_info=error)
    return _answer(status.HTTP_500_INTERNAL_SERVER_ERROR, *_OUR_FAULT)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's last resort: our shape under /api/, its own page elsewhere."""
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    sentence, code = _OUR_FAULT
    return JsonResponse({"error": sentence, "code": code, "details": {}}, status=500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django refuses before any view, such as a host it does not answer for; in our shape under /api/."""
    if not request.path.startswith("/api/"):
        return defaults.bad_request(request, exception)
    sentence = "The server refuses this request, for its Host header or its form. Look into the server's log."
    return JsonResponse({"error": sentence, "code": "bad_request", "details": {}}, status=400)


_OUR_FAULT = ("This is our fault, not yours. Try again later.", "internal_error")


def _status_of(error: RefusedError) -> int:
    return next(number for kind, number in _STATUSES.items() if isinstance(error, kind))


def _answer(number: int, sentence: str, code: str, details: dict[str, Any] | None = None) -> Response:
    return Response({"error": sentence, "code": code, "details": details or {}}, status=number)


def _unavailable() -> Response:
    sentence = "The database cannot answer just now. Try again later."
    answer = _answer(status.HTTP_503_SERVICE_UNAVAILABLE, sentence, "unavailable")
    answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


def _malformed(error: ValidationError) -> Response:
    """Names each wrong field, never its value."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    fields = {".".join(str(part) for part in problem["loc"]): problem["msg"] for problem in problems[:20]}
    sentence = f"Malformed: {', '.join(fields)}."
    details = {"field": next(iter(fields)), "problems": fields}
    return _answer(status.HTTP_400_BAD_REQUEST, sentence, "malformed", details)


def _from_rest(error: exceptions.APIException) -> Response:
    """Django REST framework's own refusals; a missing or bad key gets exactly what plain clients know."""
    if error.status_code == status.HTTP_401_UNAUTHORIZED:
        answer = Response({"error": "Unauthorized", "code": "unauthorized"}, status=error.status_code)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    code = str(getattr(error.detail, "code", error.default_code))
    answer = _answer(error.status_code, str(error.detail), _CODES.get(code, code))
    if isinstance(error, TooManyRequestsError):
        answer["Retry-After"] = str(error.seconds)
    return answer
