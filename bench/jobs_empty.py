"""The empty view: who asks is checked as ever, the message is read and checked, and a ready answer goes out.

`BENCH_SERVED` names the JSON file with the answers by their last word of the address.
"""

import json
import os
from pathlib import Path
from typing import Any

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response

from runners.protocol.messages import Callback, Message, PollRequest
from scraping.api.views import RunnerView

MESSAGES: dict[str, type[Message]] = {"poll": PollRequest, "callback": Callback}


class EmptyView(RunnerView):
    answers: Any = json.loads(Path(os.environ["BENCH_SERVED"]).read_text()) if "BENCH_SERVED" in os.environ else {}

    def get(self, request: Request, word: str) -> Response:
        return Response(self.answers[word])

    def post(self, request: Request, word: str) -> Response:
        MESSAGES[word].model_validate(request.data)
        return Response(self.answers[word])


urlpatterns = [path("empty/<str:word>", EmptyView.as_view()), path("", include("baystate.urls"))]
