"""What daphne and Django's handler do by themselves and shall not."""

import asyncio
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from daphne import http_protocol
from daphne.server import Server
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponseBase
from twisted.internet.defer import Deferred

ENDING_SECONDS = 10.0


class OneThread(ASGIHandler):
    """Each request goes through middlewares and view in one thread, as under WSGI: all of ours are plain functions.

    Django's own way changes between the loop and a thread twice for each middleware. That cost more than the views,
    and a thread that waited for a loop which had ended kept the process from ending at SIGTERM.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    def __init__(self) -> None:
        super().__init__()
        self._under_way = 0
        self._ending: asyncio.Event | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._ending:
            return await _come_again(send)
        self._under_way += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._under_way -= 1
            self._look()

    async def end(self) -> None:
        """Begin nothing more, and wait for what is under way; at most `ENDING_SECONDS`."""
        self._ending = asyncio.Event()
        self._look()
        await asyncio.wait([asyncio.ensure_future(self._ending.wait())], timeout=ENDING_SECONDS)

    def _look(self) -> None:
        if self._ending and not self._under_way:
            self._ending.set()

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        respond = sync_to_async(self.get_response, thread_sensitive=True)
        return await respond(request)


def leave_forms_to_django() -> None:
    """Keep twisted from reading every form as well, whole and in the loop's own thread.

    An upload of 20 MB took 600 MB more and held up all other requests for seconds; a broken form got a bare 400.
    """
    http_protocol.WebRequest = partial(http_protocol.WebRequest, parsePOSTFormSubmission=False)


def end_in_order(handler: OneThread) -> None:
    """At SIGTERM, let requests come to their end before daphne cancels whatever is there.

    A runner would have to ask again, and CPython 3.11 crashed over requests that were cancelled in their middle.
    """
    cancel = Server.kill_all_applications

    def end(server: Server) -> "Deferred[object]":
        ended: Deferred[object] = Deferred.fromFuture(asyncio.ensure_future(handler.end()))
        return ended.addCallback(lambda _: cancel(server))

    Server.kill_all_applications = end


async def _come_again(send: Any) -> None:
    """The server ends; another one is there in a moment."""
    headers = [(b"Retry-After", b"2"), (b"Connection", b"close"), (b"Content-Type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b"The server is being restarted. Try again in a moment."})
