"""Carries bytes between browsers and a server over loopback, until it is told to cut."""

import socket
import threading
from contextlib import suppress


class Relay:
    """`cut` ends every connection at once and lets none through until `mend`."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._open: set[socket.socket] = set()
        self._through = threading.Event()
        self._through.set()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._thread = threading.Thread(target=self._accept, name="relay", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def cut(self) -> None:
        self._through.clear()
        for end in list(self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._through.set()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._listening.accept()
                threading.Thread(target=self._serve, args=[client], name="relayed", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if not self._through.is_set():
                return
            with socket.create_connection(self._server, timeout=10) as server:
                server.settimeout(None)
                ends = {client, server}
                self._open |= ends
                back = threading.Thread(target=_pump, args=[server, client], name="relay back", daemon=True)
                back.start()
                _pump(client, server)
                back.join()
                self._open -= ends


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
