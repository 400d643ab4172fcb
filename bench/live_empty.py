"""The empty view: who posts is checked as ever, the body is read, and nothing is done with it."""

from typing import Any

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response

from scraping.api.views import RunnerView


class EmptyView(RunnerView):
    def post(self, request: Request) -> Response:
        said: Any = request.data
        return Response({"success": True, "count": len(said["logs"]), "acked": 1})


urlpatterns = [path("empty", EmptyView.as_view()), path("", include("baystate.urls"))]
