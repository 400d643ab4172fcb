"""Addresses and forms that nobody could have meant: no page of ours makes them, and they are not our fault."""

import logging

from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin
from django.views.defaults import bad_request

from scraping.api import probes

logger = logging.getLogger(__name__)


class ProbesMiddleware(MiddlewareMixin):
    """Answers what machines ask about this process before anything else looks at the request.

    A probe comes by the machine's own address and over plain http: it is neither redirected nor asked for its host.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        probe = probes.ADDRESSES.get(request.path_info)
        return probe(request) if probe and request.method in {"GET", "HEAD"} else None


class NonsenseMiddleware(MiddlewareMixin):
    """Replaces NUL in queries, as everywhere at the door; answers 400 to values that no column can be compared with.

    The admin checks neither: a search for NUL, a forged id among the ticked ones, or a list's filter typed by hand ends
    in an exception of the database's or of a field's.
    """

    def process_request(self, request: HttpRequest) -> None:
        request.META["QUERY_STRING"] = request.META["QUERY_STRING"].replace("%00", "%EF%BF%BD")

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ValidationError | DataError):
            return None
        logger.warning("%s makes no sense", request.path, exc_info=exception)
        return bad_request(request, exception)
