"""Real HTTP on loopback whose answers a test writes: distributor sites and servers that do not exist."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return sum(self.waits)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (part.strip().partition("=") for part in self.headers.get("Cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}


@dataclass(frozen=True)
class Reply:
    """`hang_up` closes the connection instead of answering; `pieces` are written one by one instead of `body`."""

    body: str | bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Iterator[bytes] | None = None
    hang_up: bool = False


def answer(value: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer. `Retry_After="3"` is the header Retry-After."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(json.dumps(value), status, {"Content-Type": "application/json", **named})


def redirect(to: str, status: int = 302, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status=status, headers={"Location": to, **named})


class Wire:
    """A server that remembers what it was asked."""

    def __init__(self, reply: Callable[[Asked], Reply]) -> None:
        self.asked: list[Asked] = []
        self.reply = reply
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(reply: Callable[[Asked], Reply]) -> Iterator[Wire]:
    wire = Wire(reply)
    try:
        yield wire
    finally:
        wire.close()


def _handler(wire: Wire) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, parts.path, query, self.headers, body)  # type: ignore[arg-type]
            wire.asked.append(asked)
            reply = wire.reply(asked)
            if reply.hang_up:
                self.close_connection = True
                return
            self._write(reply)

        do_GET = do_POST = _serve  # noqa: N815

        def _write(self, reply: Reply) -> None:
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            self.send_response(reply.status)
            headers = {"Content-Type": "text/html; charset=utf-8", **reply.headers}
            if reply.pieces is None:
                headers.setdefault("Content-Length", str(len(body)))
            else:
                headers["Connection"] = "close"
            for name, value in headers.items():
                for line in value.split("\n"):
                    self.send_header(name, line)
            self.end_headers()
            for piece in reply.pieces or iter([body]):
                try:
                    self.wfile.write(piece)
                except OSError:
                    self.close_connection = True
                    return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    return Handler
