"""Debian's PostgreSQL 15 and, in front of it, Debian's PgBouncer as docs/deployment.md sets it up; both thrown away.

They are reached through sockets in a folder of their own, and run as the account `postgres` where we are root, since
both refuse to be.
"""

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

BINARIES = Path("/usr/lib/postgresql/15/bin")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "deployment.md"
ROLE = "baystate"
# fewer than the tests have connections, so that they are really lent in turn
SESSIONS = 5
START_SECONDS = 60.0


@dataclass(frozen=True)
class Addresses:
    """As DATABASE_URL and DATABASE_DIRECT_URL want them."""

    pooled: str
    direct: str


@contextmanager
def running() -> Iterator[Addresses]:
    """Both servers, with the role that owns nothing yet and may make databases; stopped and removed at the end."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="baystate-pooler-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        password, root = secrets.token_hex(16), secrets.token_hex(16)
        write(folder / "password", root)
        write(folder / "userlist.txt", f'"{ROLE}" "{password}"\n')
        write(folder / "pgbouncer.ini", configuration(folder))
        if os.geteuid() == 0:
            for path in [folder, *folder.iterdir()]:
                shutil.chown(path, "postgres", "postgres")
        make_cluster(folder)
        stack.enter_context(process(folder, "postgres", "-D", folder / "data", "-k", folder, *TEMPORARY))
        superuser = {"host": str(folder), "user": "postgres", "password": root, "dbname": "postgres"}
        with patiently(superuser) as server:
            role = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")
            server.execute(role.format(sql.Identifier(ROLE), sql.Literal(password)))
        stack.enter_context(process(folder, "pgbouncer", folder / "pgbouncer.ini"))
        ours = {"host": str(folder), "user": ROLE, "password": password, "dbname": "postgres"}
        patiently(ours | {"port": "6432"}).close()
        yield Addresses(address(folder, 6432, password), address(folder, 5432, password))


# nothing is kept, nothing listens on the network, and the server's zone is not the application's
TEMPORARY = ("-c", "listen_addresses=", "-c", "fsync=off", "-c", "timezone=Pacific/Auckland")


def configuration(folder: Path) -> str:
    """The page's example, leading to this server, for every database, with few sessions to lend."""
    [example] = re.findall(r"^```ini\n(\[databases\]\n.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    config = ConfigParser(interpolation=None)
    config.read_string(example)
    config["databases"] = {"*": f"host={folder} port=5432"}
    place = {"listen_addr": "", "unix_socket_dir": str(folder), "auth_file": str(folder / "userlist.txt")}
    config["pgbouncer"].update(place | {"default_pool_size": str(SESSIONS), "stats_users": ROLE})
    lines = [f"[{part}]\n" + "".join(f"{key} = {value}\n" for key, value in config[part].items()) for part in config]
    return "".join(lines[1:])


def write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def account() -> dict[str, Any]:
    """How a child is started as the servers' account."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def make_cluster(folder: Path) -> None:
    words = ["-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync"]
    places = ["-D", str(folder / "data"), "--pwfile", str(folder / "password")]
    command = [str(BINARIES / "initdb"), *places, *words]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **account())
    assert made.returncode == 0, made.stderr


@contextmanager
def process(folder: Path, name: str, *words: object) -> Iterator[None]:
    """A server of the folder; an interrupt is its fast and orderly end."""
    command = [shutil.which(name, path=f"{BINARIES}:/usr/sbin:/usr/bin") or name, *map(str, words)]
    with (folder / f"{name}.log").open("w") as log:
        child = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, **account())
    try:
        yield
    finally:
        child.terminate()
        child.wait(60)


def patiently(parameters: dict[str, Any]) -> "psycopg.Connection[Any]":
    """A connection to a server that is just starting."""
    pause = Event()
    for _ in range(int(START_SECONDS / 0.1)):
        try:
            return psycopg.connect(**parameters, autocommit=True)
        except psycopg.OperationalError:
            pause.wait(0.1)
    return psycopg.connect(**parameters, autocommit=True)


def address(folder: Path, port: int, password: str) -> str:
    return f"postgresql://{ROLE}:{password}@{quote(str(folder), safe='')}:{port}/baystate"
