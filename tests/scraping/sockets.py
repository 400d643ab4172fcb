"""Sockets as pages hold them, on the application in this process: one event loop per test, one hub in it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from runners.protocol.messages import LogLine
from scraping import consumers, doors, intake
from scraping.live.database import threaded
from scraping.models import ScrapeJob

T = TypeVar("T")
PATIENCE = 20.0
ORIGIN = "http://127.0.0.1"
Message = dict[str, Any]


def run(test: Coroutine[Any, Any, T]) -> T:
    """What `test` returns, within its patience."""

    async def bounded() -> T:
        async with asyncio.timeout(3 * PATIENCE):
            return await test

    return asyncio.run(bounded())


def session_of(user: User) -> str:
    """The cookie of a fresh login."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


class Socket:
    """What arrives is read by `hear`, nothing is confirmed by itself."""

    def __init__(self, cookie: str = "", *, origin: str | None = ORIGIN, path: str = consumers.PATH) -> None:
        headers = [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode())]
        if origin:
            headers.append((b"origin", origin.encode()))
        scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b"", "subprotocols": []}
        # not the communicator of channels: that one keeps database connections open
        self.wire: Any = ApplicationCommunicator(consumers.application, scope)  # type: ignore[no-untyped-call]

    async def open(self) -> bool:
        await self.wire.send_input({"type": "websocket.connect"})
        output = await self.wire.receive_output(timeout=PATIENCE)
        return bool(output["type"] == "websocket.accept")

    async def say(self, **said: Any) -> None:
        await self.say_text(json.dumps(said, default=str))

    async def say_text(self, text: str) -> None:
        await self.wire.send_input({"type": "websocket.receive", "text": text})

    async def hear(self, *types: str) -> Message:
        """The next message of one of `types`; those before it are dropped."""
        while True:
            message = await self.next()
            if not types or message["type"] in types:
                return message

    async def next(self) -> Message:
        """The next message; the number it was closed with as `{"type": "closed", "code"}`."""
        output = await self.wire.receive_output(timeout=PATIENCE)
        if output["type"] == "websocket.close":
            return {"type": "closed", "code": output.get("code")}
        message: Message = json.loads(output["text"])
        return message

    async def is_silent(self, seconds: float = 0.3) -> bool:
        return bool(await self.wire.receive_nothing(timeout=seconds))

    async def close(self) -> None:
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wire.wait(timeout=PATIENCE)


@asynccontextmanager
async def opened(cookie: str) -> AsyncIterator[Socket]:
    """A socket that is let in, closed afterwards."""
    socket = Socket(cookie)
    assert await socket.open()
    try:
        yield socket
    finally:
        await socket.close()


class Reader:
    """Reads a job's log as live.js does: its position survives its sockets, which may be cut at any moment."""

    def __init__(self, cookie: str, job: ScrapeJob) -> None:
        self.cookie = cookie
        self.job = job
        self.after = 0
        self.said: list[str] = []
        self.ended = False

    async def read(self, messages: int | None = None) -> None:
        """Over one socket, until the end or as many messages."""
        async with opened(self.cookie) as socket:
            await socket.say(watch="job", id=self.job.pk, after=self.after)
            while not self.ended and messages != 0:
                await self._take(socket, await socket.next())
                messages = messages and messages - 1

    async def _take(self, socket: Socket, message: Message) -> None:
        if message["type"] == "lines":
            assert message["from"] == self.after + 1
            self.said += [line["message"] for line in message["lines"]]
            self.after = message["to"]
        self.ended = message["type"] == "end"
        if "to" in message and not self.ended:
            await socket.say(id=self.job.pk, seen=message["to"])


def append(job: ScrapeJob, *said: str) -> None:
    """Lines as its runner sends them, without numbers, in one transaction."""
    assert job.runner is not None
    with doors.transact():
        intake.log(str(job.pk), [LogLine(level="info", message=text) for text in said], runner=job.runner)


async def within(condition: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> bool:
    """Whether a condition came true in time; looks again and again."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)
    return True


def off_loop(function: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """What uses the database, called from a test that runs in the loop."""
    return threaded(function)
