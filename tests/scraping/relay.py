"""A wire to the database that can go dead without a word, as when a firewall forgets a connection."""

import socket
import threading
from contextlib import suppress


class Relay:
    """Listens on loopback and carries every connection to the server's socket at `path`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.links: list[Link] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._path)
                self.links.append(Link(near, far))

    def silence(self) -> None:
        """All connections there are stay open and carry nothing any more; new ones are well."""
        for link in self.links:
            link.dead.set()

    def close(self) -> None:
        self._listening.close()
        for link in self.links:
            link.close()


class Link:
    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.dead = threading.Event()
        self._ends = (near, far)
        for here, there in ((near, far), (far, near)):
            threading.Thread(target=self._carry, args=[here, there], daemon=True).start()

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                if not self.dead.is_set():
                    there.sendall(data)
        if not self.dead.is_set():
            self.close()

    def close(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
