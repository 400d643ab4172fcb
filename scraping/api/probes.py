"""What machines ask about this process: is it alive, can it serve, how is it. No session, no cookie, no key."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST

from scraping import health, metrics


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is looked at."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """200, or 503 with a sentence for each thing that is wrong."""
    problems = health.problems()
    return JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)


def show_metrics(request: HttpRequest) -> HttpResponse:
    """For whoever has the token; without one set, for this machine alone."""
    if settings.METRICS_TOKEN:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not constant_time_compare(shown.strip(), settings.METRICS_TOKEN):
            return _refuse("Show BAYSTATE_METRICS_TOKEN as a bearer token.", 401)
    elif settings.PROXY_HEADER or not _is_near(request):
        return _refuse("Set BAYSTATE_METRICS_TOKEN to read this from elsewhere, or through a proxy.", 403)
    return HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)


ADDRESSES = {"/healthz": healthz, "/readyz": readyz, "/metrics": show_metrics}


def _is_near(request: HttpRequest) -> bool:
    """From this machine, and not forwarded by something on it."""
    try:
        peer = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return peer.is_loopback and not {"X-Forwarded-For", "Forwarded"} & set(request.headers)


def _refuse(sentence: str, status: int) -> HttpResponse:
    answer = HttpResponse(f"{sentence}\n", content_type="text/plain", status=status)
    if status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer
