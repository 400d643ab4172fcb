"""What the demo runs on: the sites, the web server, the chore worker and the runners, each a process of its own."""

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from baystate.demo import environment
from baystate.demo.children import Children
from baystate.demo.signals import Signals
from baystate.demo.sites.server import SHOPS, listen

WEB_PORT = 8000
SITE_PORTS = {name: port for port, name in enumerate(SHOPS, 8101)}
LOOK_EVERY = 0.25  # seconds
VITAL = "web server"


class StoppedError(Exception):
    """The demo cannot go on; the message says which process or step it was, and why."""


@dataclass
class Stage:
    """The processes and their addresses. Nothing waits here after one of them has died or a signal has come."""

    children: Children
    signals: Signals
    sites: Mapping[str, str] = field(default_factory=dict)
    url: str = ""

    def wait(self, reached: Callable[[], bool], *, seconds: float, otherwise: str) -> None:
        """Look until `reached` says so. Raises StoppedError where a process dies, or where the time is over."""
        deadline = time.monotonic() + seconds
        while not reached():
            self.check()
            if time.monotonic() > deadline:
                raise StoppedError(f"{otherwise} within {seconds:.0f} s. The logs are in {self.children.logs}.")
            time.sleep(LOOK_EVERY)

    def check(self) -> None:
        """Raises StoppedError where a process has ended though nobody asked it to; EndedError after a signal."""
        self.signals.check()
        dead = self.children.dead()
        if dead:
            raise StoppedError("\n".join(child.obituary() for child in dead))

    def stand(self, tell: Callable[[str], None]) -> None:
        """Until a signal comes or the web server dies. What else dies is told once: the pages show what follows."""
        told: set[str] = set()
        while True:
            self.signals.check()
            for child in self.children.dead():
                if child.name == VITAL:
                    raise StoppedError(child.obituary())
                if child.name not in told:
                    tell(child.obituary())
                    told.add(child.name)
            time.sleep(LOOK_EVERY)

    def answers(self) -> bool:
        """Does the web server show its login page?"""
        try:
            with urlopen(f"{self.url}/admin/login/", timeout=5) as page:  # noqa: S310
                return bool(page.status == 200)
        except (OSError, HTTPException):
            return False


def open_sites(stage: Stage) -> None:
    """Start the three sites on loopback; requests wait until they are up."""
    stage.sites = {name: _open_site(stage, name, port) for name, port in SITE_PORTS.items()}


def open_server(stage: Stage) -> None:
    """Start daphne on the next free port from 8000; requests wait until it is up."""
    with closing(listen(WEB_PORT)) as listening:
        stage.url = _address(listening)
        daphne = [sys.executable, "-m", "daphne", "--fd", str(listening.fileno()), "--application-close-timeout", "1"]
        command = [*daphne, "baystate.asgi:application"]
        stage.children.start(VITAL, command, environment=_ours(), sockets=[listening.fileno()])


def open_worker(stage: Stage) -> None:
    """Start the chore worker."""
    command = [sys.executable, "manage.py", "procrastinate", "worker"]
    stage.children.start("chore worker", command, environment=_ours())


def open_runners(stage: Stage, keys: Mapping[str, Path], *, spools: Path) -> None:
    """Start a runner for each key; it has nothing but the server's address, that key and a file in `spools`."""
    command = [sys.executable, "manage.py", "run_scraper", "--poll-seconds", "1"]
    for name, key_file in keys.items():
        told = environment.of_runner(url=stage.url, key_file=key_file)
        spool = ["--spool", str(spools / f"{name}.sqlite3")]
        stage.children.start(f"runner {name}", [*command, *spool], environment=told)


def _open_site(stage: Stage, name: str, port: int) -> str:
    with closing(listen(port)) as listening:
        command = [sys.executable, "-m", "baystate.demo.sites", name, str(listening.fileno())]
        shell = environment.shell()
        stage.children.start(f"site {name}", command, environment=shell, sockets=[listening.fileno()])
        return _address(listening)


def _ours() -> dict[str, str]:
    return dict(os.environ) | {"PYTHONUNBUFFERED": "1", "BAYSTATE_LOG_LEVEL": "INFO"}


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()
    return f"http://{host}:{port}"
