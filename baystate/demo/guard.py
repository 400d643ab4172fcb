"""Ends the demo's processes when the demo itself is killed: it holds one end of a pipe that only the demo keeps open.

Each line names the leader of a process group; `bye` says that all of them have ended. Needs the standard library alone.
"""

import contextlib
import os
import signal
import sys
import time

GRACE = 10.0  # seconds


def watch() -> list[int]:
    """The groups left behind, once the pipe is closed; empty where the demo said goodbye."""
    groups: list[int] = []
    for line in sys.stdin:
        if line.strip() == "bye":
            return []
        groups.append(int(line))
    return groups


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def end(groups: list[int]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            with contextlib.suppress(OSError):
                os.killpg(group, number)
        deadline = time.monotonic() + GRACE
        while any(map(alive, groups)) and time.monotonic() < deadline:
            time.sleep(0.1)


if __name__ == "__main__":
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    end(watch())
