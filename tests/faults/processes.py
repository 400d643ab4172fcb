"""Starts real processes, a web server and runners, and ends them: each has a log, none outlives its test."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from django.db import connection

from tests.faults.waiting import until

ROOT = Path(__file__).parents[2]
DURATIONS = {
    "BAYSTATE_LEASE_SECONDS": "3",
    "BAYSTATE_HEARTBEAT_SECONDS": "1",
    "BAYSTATE_ACKNOWLEDGE_SECONDS": "2",
    "BAYSTATE_OUTAGE_SECONDS": "3",
    "BAYSTATE_RETRY_SECONDS": "0",
}


class Process:
    """`log` holds all it wrote, in all its lives."""

    def __init__(self, log: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.log = log
        self._arguments = arguments
        self._environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", *self._arguments],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """With no word before; one that is stopped dies as well."""
        if self._process is not None and self.running:
            self._process.kill()
        self.wait()

    def wait(self, seconds: float = 30) -> int | None:
        """Its exit code; None where it never began."""
        return None if self._process is None else self._process.wait(seconds)


class WebServer(Process):
    """On a port of its own that stays the same when it is started again. It sweeps every `sweep_seconds`, or not."""

    def __init__(self, log: Path, *, sweep_seconds: int = 1) -> None:
        self.port = _free_port()
        told = {name: value for name, value in os.environ.items() if name.startswith(("BAYSTATE_", "DATABASE_"))}
        told |= {
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "FAULTS_DATABASE": str(connection.settings_dict["NAME"]),
            "BAYSTATE_PORT": str(self.port),
            "BAYSTATE_SWEEP_SECONDS": str(sweep_seconds),
        }
        super().__init__(log, ["serve"], told | DURATIONS)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it answers."""
        super().start()
        until(lambda: self.answers or not self.running, seconds=60, otherwise=lambda: self.said)
        assert self.running, self.said

    @property
    def answers(self) -> bool:
        """Does it refuse us for lack of a key? That takes no database."""
        try:
            with urlopen(f"{self.url}/api/scraper/v1/job", timeout=10):
                return False
        except HTTPError as error:
            return error.code == 401
        except OSError:
            return False


class RunnerProcess(Process):
    """`run_scraper` with a spool of its own in `folder`."""

    def __init__(self, folder: Path, url: str, key: str, *more: str, **environment: str) -> None:
        folder.mkdir(exist_ok=True)
        self.spool = folder / "spool.sqlite3"
        options = ["--url", url, "--spool", str(self.spool), "--poll-seconds", "0.2"]
        told = {"BAYSTATE_API_KEY": key, "BAYSTATE_ALLOW_PRIVATE_HOSTS": "127.0.0.1"}
        super().__init__(folder / "runner.log", ["run_scraper", *options, *more], told | environment)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
