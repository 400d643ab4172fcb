"""Whom the embedded server runs as. PostgreSQL refuses to run as root, so root lends it an account.

That is the account `embedded_postgres` (made once, without a home or a login), or whoever owns the data already.
Folders on the way to the data and the binaries that it may not enter get the search bit, and no more: entering is not
reading.
"""

import logging
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from django.db.utils import OperationalError

ACCOUNT = "embedded_postgres"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Owner:
    uid: int
    gid: int


def choose(data: Path) -> Owner | None:
    """The account for a server on `data`; None: our own, for we are not root."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return Owner(data.stat().st_uid, data.stat().st_gid)
    return lookup() or create()


def lookup() -> Owner | None:
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        return None
    return Owner(entry.pw_uid, entry.pw_gid)


def create() -> Owner:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    advice = f"Run as another user than root, make a user named {ACCOUNT}, or set DATABASE_URL."
    if useradd is None:
        raise OperationalError(f"The embedded database cannot run as root, and there is no useradd here. {advice}")
    nobody = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    made = subprocess.run(  # noqa: S603
        [useradd, "--system", "--user-group", *nobody, ACCOUNT], capture_output=True, text=True, check=False
    )
    # another start may have made it at the same time: what counts is that it is there
    owner = lookup()
    if owner is None:
        raise OperationalError(f"useradd could not make {ACCOUNT}: {made.stderr.strip()}. {advice}")
    return owner


def own_folder(folder: Path, owner: Owner | None) -> None:
    """Has `folder`, closed to everyone but the server's account; refuses one that somebody else put there."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner.uid if owner else os.geteuid()}:
            raise OperationalError(f"{folder} belongs to somebody else; remove it and start again.") from None
    if owner is not None:
        os.chown(folder, owner.uid, owner.gid)
    folder.chmod(0o700)


def admit(owner: Owner | None, data: Path, wheel: Path) -> None:
    """Lets the account through to the data and the wheel's files; for root alone."""
    if owner is None:
        return
    for folder in {*data.resolve().parents, *wheel.parents}:
        mode = folder.stat().st_mode
        if not mode & searchable(folder.stat(), owner):
            logger.warning("Letting the embedded database's account pass through %s (chmod o+x)", folder)
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
    if not (wheel / "bin" / "postgres").stat().st_mode & stat.S_IXOTH:
        for place in (wheel, wheel.parent, wheel.parent.with_name(f"{wheel.parent.name}.libs")):
            open_to_all(place)


def searchable(found: os.stat_result, owner: Owner) -> int:
    """The permission bit that lets the account enter."""
    if found.st_uid == owner.uid:
        return stat.S_IXUSR
    return stat.S_IXGRP if found.st_gid == owner.gid else stat.S_IXOTH


def open_to_all(place: Path) -> None:
    """chmod -R o+rX"""
    for path in [place, *place.rglob("*")]:
        mode = path.stat().st_mode
        execute = stat.S_IXOTH if path.is_dir() or mode & stat.S_IXUSR else 0
        path.chmod(stat.S_IMODE(mode) | stat.S_IROTH | execute)
