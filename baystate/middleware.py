"""What no page of ours makes: nonsense that was typed or forged, scripts and styles that stand in the page itself."""

import logging

from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.views.defaults import bad_request

from scraping.api import probes

logger = logging.getLogger(__name__)

# pictures of products stay at their sites, hence https: and http: for images alone
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data: https: http:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


class ContentSecurityPolicyMiddleware(MiddlewareMixin):
    """Lets pages load scripts and styles from this server's files alone: text that a site smuggles in runs nowhere."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response


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
