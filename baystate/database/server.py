"""The embedded server's life: started by whoever needs it first, stopped by the last one out.

Two files lie beside the data. `<data>.lock` is held alone while someone looks, starts or stops; `<data>.holders` is
held shared by every process that uses the server, as long as it lives. A process that ends asks, under the first, for
the second alone: who gets it was the last and stops the server. The system drops both with the process, so a killed
holder never counts, and a server that nobody was left to stop is adopted by the next start.
"""

import atexit
import fcntl
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import OperationalError

from baystate.database import cluster
from baystate.database.cluster import DATABASE, PORT, SUPERUSER, socket_folder

__all__ = ["DATABASE", "PORT", "SUPERUSER", "ensure", "erase", "release", "socket_folder"]

START_SECONDS = 120.0
STOP_SECONDS = 60.0

_threads = threading.RLock()
_held: dict[Path, int] = {}


def ensure(data: Path, *, durable: bool = True) -> None:
    """Has a server running on `data`, which this process then holds until it ends.

    `durable=False` trades safety from a power cut for speed. Raises OperationalError with a sentence when there is no
    way to one; django.core.exceptions.ImproperlyConfigured for data of another major version, or for a folder that
    cannot be.
    """
    with _threads:
        if data in _held and cluster.ready(data):
            return
        try:
            make_folder(data.parent)
            with alone(data):
                hold(data)
                if not cluster.settled(data, seconds=START_SECONDS):
                    cluster.start(data, durable=durable, seconds=START_SECONDS)
        except PermissionError as error:
            raise OperationalError(
                f"The embedded database cannot use {error.filename or data}: permission denied. It belongs to another "
                "user; run as that user, or set BAYSTATE_VAR to a folder of your own."
            ) from error


def make_folder(folder: Path) -> None:
    """Raises PermissionError, or ImproperlyConfigured where no folder can be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except PermissionError:
        raise
    except OSError as error:
        raise ImproperlyConfigured(f"BAYSTATE_VAR: {folder} cannot be a folder ({error.strerror}).") from error


def release(data: Path) -> None:
    """Lets go of the server on `data`, and stops it when no other process holds it."""
    with _threads:
        mine = _held.pop(data, None)
        if mine is None:
            return
        # closed, not unlocked: a forked child shares the lock and keeps it
        os.close(mine)
        with suppress(FileNotFoundError), alone(data):
            stop_if_last(data)


def erase(data: Path) -> None:
    """Stops whatever runs on `data` and removes it. Raises OperationalError while another process holds it."""
    with _threads:
        release(data)
        if not data.parent.is_dir():
            return
        with alone(data):
            if not stop_if_last(data):
                raise OperationalError(f"{data} is in use by another process.")
            if data.exists():
                shutil.rmtree(data)


def hold(data: Path) -> None:
    """Takes the shared lock; a second time only when its file was removed under us."""
    mine = _held.get(data)
    if mine is not None and os.fstat(mine).st_nlink:
        return
    if mine is not None:
        os.close(mine)
    _held[data] = opened(data, "holders")
    fcntl.flock(_held[data], fcntl.LOCK_SH)


def stop_if_last(data: Path) -> bool:
    """Called alone. False when others hold the server."""
    handle = opened(data, "holders")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        stop(data)
        return True
    finally:
        os.close(handle)


def stop(data: Path) -> None:
    """Fast shutdown: sessions are cut, nothing committed is lost."""
    process = cluster.postmaster(data)
    if process is not None:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)
            cluster.ended(process, seconds=STOP_SECONDS)
    cluster.clear_sockets(data)


@contextmanager
def alone(data: Path) -> Iterator[None]:
    handle = opened(data, "lock")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def opened(data: Path, kind: str) -> int:
    return os.open(data.with_name(f"{data.name}.{kind}"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@atexit.register
def release_all() -> None:
    for data in list(_held):
        release(data)
