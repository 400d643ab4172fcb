"""One demo to a folder, and for `--once` an empty one."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from baystate.database import server
from baystate.demo.stage import StoppedError

LOCK = "demo.lock"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder. Raises StoppedError where another demo does."""
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoppedError(f"Another demo is running in {folder}. End that one first.") from None
        yield


def empty(folder: Path) -> None:
    """Remove all that an earlier run left in a folder that we hold, its database first."""
    server.erase(folder / "postgres")
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()
