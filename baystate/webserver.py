"""What daphne and Django's handler do by themselves and shall not."""

from functools import partial

from asgiref.sync import sync_to_async
from daphne import http_protocol
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponseBase


class OneThread(ASGIHandler):
    """Each request goes through middlewares and view in one thread, as under WSGI: all of ours are plain functions.

    Django's own way changes between the loop and a thread twice for each middleware. That cost more than the views,
    and a thread that waited for a loop which had ended kept the process from ending at SIGTERM.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        respond = sync_to_async(self.get_response, thread_sensitive=True)
        return await respond(request)


def leave_forms_to_django() -> None:
    """Keep twisted from reading every form as well, whole and in the loop's own thread.

    An upload of 20 MB took 600 MB more and held up all other requests for seconds; a broken form got a bare 400.
    """
    http_protocol.WebRequest = partial(http_protocol.WebRequest, parsePOSTFormSubmission=False)
