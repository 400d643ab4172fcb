"""The shops over HTTP, on loopback, each in its own process and each time anew."""

import os
import socket
from collections.abc import Callable
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from baystate.demo.sites.acme import Acme
from baystate.demo.sites.bradley import Bradley
from baystate.demo.sites.coastal import Coastal
from baystate.demo.sites.shop import HERE, Answer, Request, Shop

SHOPS: dict[str, Callable[[str], Shop]] = {"acme": Acme, "bradley": Bradley, "coastal": Coastal}
MAX_FORM = 10_000


class Handler(BaseHTTPRequestHandler):
    """One connection; several requests may come on it."""

    protocol_version = "HTTP/1.1"
    server: "Server"
    timeout = 60

    def do_GET(self) -> None:
        self._send(self._answer({}))

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), MAX_FORM)
        body = self.rfile.read(length).decode("utf-8", "replace")
        self._send(self._answer(dict(parse_qsl(body, keep_blank_values=True))))

    def _answer(self, form: dict[str, str]) -> Answer:
        address = urlsplit(self.path)
        if address.path == "/robots.txt":
            return Answer("User-agent: *\nAllow: /\n", type="text/plain")
        if address.path == "/style.css":
            return _file(f"pages/{self.server.name}/style.css", "text/css")
        if address.path == "/blank.svg":
            return _file("blank.svg", "image/svg+xml")
        cookies = {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("Cookie", "")).items()}
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        return self.server.shop.answer(Request(self.command, address.path, query, form, cookies))

    def _send(self, answer: Answer) -> None:
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _file(name: str, media_type: str) -> Answer:
    return Answer((HERE / name).read_text(encoding="utf-8"), type=media_type)


class Server(ThreadingHTTPServer):
    """`listening` is a bound, listening TCP socket, so that whoever made it knows the port before we are up."""

    daemon_threads = True

    def __init__(self, name: str, listening: socket.socket) -> None:
        super().__init__(listening.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        host, port = listening.getsockname()
        self.name = name
        self.shop: Shop = SHOPS[name](f"http://{host}:{port}")


def listen(port: int) -> socket.socket:
    """A socket listening on loopback: on `port`, or on the next free one after it."""
    for candidate in range(port, port + 200):
        try:
            return socket.create_server(("127.0.0.1", candidate), backlog=128)
        except OSError:
            continue
    raise OSError(f"no free port between {port} and {port + 199} on 127.0.0.1")


def serve(name: str, descriptor: int) -> None:
    """Serve a shop for ever on the listening socket with this descriptor."""
    os.set_inheritable(descriptor, False)
    with Server(name, socket.socket(fileno=descriptor)) as server:
        server.serve_forever()
