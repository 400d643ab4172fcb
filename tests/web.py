"""The application as daphne serves it: a process of its own, on a loopback port that is open before it has started."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def daphne(environ: Mapping[str, str], *, application: str = "baystate.asgi:application") -> Iterator[str]:
    """The base URL of `application`, served with this environment and `environ`; requests wait until it is up."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        host, port = listening.getsockname()
        command = [sys.executable, "-m", "daphne", "-v", "0", "--fd", str(listening.fileno()), application]
        child = subprocess.Popen(command, cwd=ROOT, env=os.environ | environ, pass_fds=[listening.fileno()])
    try:
        yield f"http://{host}:{port}"
    finally:
        child.terminate()
        try:
            child.wait(30)
        finally:
            child.kill()
