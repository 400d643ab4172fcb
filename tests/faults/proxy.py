"""Carries HTTP exchanges between runners and a server over loopback, and harms those that a test's rule names.

Each exchange on a connection is judged by itself, for clients keep their connections; one to the server is made anew
for each, so that a server that ended and came back is simply there again.
"""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import Enum, auto
from io import BufferedReader
from typing import Final

_RESET: Final = struct.pack("ii", 1, 0)
_PATIENCE: Final = 60.0
_DELAY: Final = 1.0


class Fault(Enum):
    """What may happen to a request and its reply."""

    DROP = auto()  # reset before the server hears of it
    RESET_AFTER_REQUEST = auto()  # reset as soon as the server has been told
    RESET_BEFORE_REPLY = auto()  # reset once the server has answered
    CUT_REPLY = auto()  # reset in the middle of the answer
    BLACKHOLE = auto()  # nobody hears, nobody answers
    DELAY = auto()  # both ways take a second
    DUPLICATE = auto()  # the server hears it twice, one after the other; the second answer arrives


@dataclass(frozen=True)
class Exchange:
    """A request as the proxy read it: `raw` is all of it."""

    method: str
    path: str
    body: bytes
    raw: bytes


Rule = Callable[[Exchange], Fault | None]


class Proxy:
    """`rule` may be replaced at any time; `seen` has every exchange with what happened to it, in order."""

    def __init__(self, port: int) -> None:
        """`port` is the server's, on loopback; nothing need listen there yet."""
        self.rule: Rule = lambda exchange: None
        self.seen: list[tuple[Exchange, Fault | None]] = []
        self._server = ("127.0.0.1", port)
        self._closed = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._thread = threading.Thread(target=self._accept, name="proxy", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        """End every connection and wait for the listener's thread."""
        self._closed.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        self.cut()

    def cut(self) -> None:
        """Reset every connection there is."""
        with self._lock:
            for client in self._open:
                _hang_up(client)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _address = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], name="proxied", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            self._open.add(client)
        try:
            with closing(client), client.makefile("rb") as reader, suppress(OSError):
                while (exchange := _read(reader)) and self._carry(exchange, client):
                    pass
        finally:
            with self._lock:
                self._open.discard(client)

    def _carry(self, exchange: Exchange, client: socket.socket) -> bool:
        """Bring one request over and its answer back; False where the connection is over."""
        with self._lock:
            fault = self.rule(exchange)
            self.seen.append((exchange, fault))
        if fault is Fault.BLACKHOLE:
            self._closed.wait(_PATIENCE)
        if fault is Fault.DELAY:
            self._closed.wait(_DELAY)
        if fault not in {Fault.DROP, Fault.BLACKHOLE}:
            reply = self._ask(exchange, fault)
            if reply and fault not in {Fault.RESET_AFTER_REQUEST, Fault.RESET_BEFORE_REPLY, Fault.CUT_REPLY}:
                client.sendall(reply)
                return True
            if reply and fault is Fault.CUT_REPLY:
                client.sendall(reply[: len(reply) - 5])
        _hang_up(client)
        return False

    def _ask(self, exchange: Exchange, fault: Fault | None) -> bytes:
        """The server's whole answer; nothing where it is away, or where nobody waits for it."""
        if fault is Fault.DUPLICATE:
            self._ask(exchange, None)
        try:
            with socket.create_connection(self._server, timeout=_PATIENCE) as server:
                server.sendall(exchange.raw)
                if fault is Fault.RESET_AFTER_REQUEST:
                    _hang_up(server)
                    return b""
                with server.makefile("rb") as reader:
                    reply = b"".join(_message(reader))
        except OSError:
            return b""
        if fault is Fault.DELAY:
            self._closed.wait(_DELAY)
        return reply


def next_ones(path: str, fault: Fault, *, times: int = 1, holding: bytes = b"") -> Rule:
    """Harm the next `times` requests whose path ends so, and whose body holds `holding`."""
    left = [times]

    def rule(exchange: Exchange) -> Fault | None:
        if left[0] and exchange.path.split("?")[0].endswith(path) and holding in exchange.body:
            left[0] -= 1
            return fault
        return None

    return rule


def either(*rules: Rule) -> Rule:
    """The first fault that any of them names."""
    return lambda exchange: next((fault for rule in rules if (fault := rule(exchange))), None)


def _hang_up(end: socket.socket) -> None:
    """With a reset, as a router that forgot the connection does it."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RD)
        end.close()


def _read(reader: BufferedReader) -> Exchange | None:
    """The next request; None at the connection's end."""
    head, body = _message(reader)
    if not head:
        return None
    method, path, _version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    return Exchange(method, path, body, head + body)


def _message(reader: BufferedReader) -> tuple[bytes, bytes]:
    """Head and body; neither client nor server here sends a body without its length."""
    lines = []
    while line := reader.readline():
        lines.append(line)
        if line == b"\r\n":
            break
    named = (line.lower().partition(b":") for line in lines)
    length = next((int(value) for name, _, value in named if name == b"content-length"), 0)
    return b"".join(lines), reader.read(length) if length else b""
