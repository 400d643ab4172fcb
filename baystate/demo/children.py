"""The processes of the demo: started in groups of their own, watched, and ended whatever happens to us."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

GRACE = 10.0  # seconds between asking a process to end and ending it
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Child:
    """`log` holds all it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def last_words(self) -> str:
        """The last line of its log, or nothing."""
        lines = [line.strip() for line in self.log.read_text("utf-8", "replace").splitlines()]
        return next((line for line in reversed(lines) if line), "")

    def obituary(self) -> str:
        """How it ended, in a sentence."""
        code = self.process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        said = f" Its last words: {self.last_words}" if self.last_words else ""
        return f"{self.name} {how}; its log is {self.log}.{said}"


class Children:
    """Use as a context: leaving it ends them all. A guard of ours ends them where we are killed ourselves."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._all: list[Child] = []

    def __enter__(self) -> "Children":
        self.logs.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-S", str(Path(__file__).with_name("guard.py"))]
        self._guard = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def start(
        self, name: str, command: Sequence[str], *, environment: dict[str, str], sockets: Sequence[int] = ()
    ) -> Child:
        """Start `command` from the project's folder, writing to a log of its name; `sockets` are handed on."""
        log = self.logs / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=tuple(sockets),
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._all.append(child)
        self._tell(f"{process.pid}\n")
        return child

    def kill(self, name: str) -> Child:
        """Kill the child of this name and its group with no word before; it is missed no more. Raises LookupError."""
        child = next((child for child in self._all if child.name == name), None)
        if child is None:
            raise LookupError(name)
        self._all.remove(child)
        _signal(child, signal.SIGKILL)
        child.process.wait()
        return child

    def dead(self) -> list[Child]:
        """Those that have ended, though nobody asked them to."""
        return [child for child in self._all if not child.running]

    def end(self) -> None:
        """Ask all to end, the last started first, wait, and kill the groups of those that do not."""
        for child in reversed(self._all):
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        for child in reversed(self._all):
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(deadline - time.monotonic(), 0.01))
        for child in self._all:
            _signal(child, signal.SIGKILL)
            child.process.wait()
        self._all.clear()
        self._tell("bye\n")
        self._guard.communicate()

    def __iter__(self) -> Iterator[Child]:
        return iter(self._all)

    def _tell(self, line: str) -> None:
        """Without a guard the demo still works; it is only less careful."""
        with contextlib.suppress(OSError, ValueError):
            if self._guard.stdin:
                self._guard.stdin.write(line.encode())
                self._guard.stdin.flush()


def _signal(child: Child, number: signal.Signals) -> None:
    """To its whole group, which it leads; nothing where it has been waited for and its number may be another's."""
    if child.running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, number)
