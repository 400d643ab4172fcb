"""Opens a spool's file: one process has it, it keeps within its size, and a damaged one is put aside."""

import logging
import sqlite3
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from runners.agent.sift import sift

console = logging.getLogger(__name__)
FILE: Final = 165_000_000
PAGE: Final = 4096
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS job (
    id TEXT PRIMARY KEY, offer TEXT NOT NULL, last_seq INTEGER NOT NULL DEFAULT 0, word TEXT
);
CREATE TABLE IF NOT EXISTS thing (
    number INTEGER PRIMARY KEY, job TEXT NOT NULL, kind TEXT NOT NULL, level TEXT, seq INTEGER, through INTEGER,
    bytes INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS thing_by_job ON thing (job, kind, number);
CREATE TRIGGER IF NOT EXISTS thing_numbered AFTER INSERT ON thing WHEN new.seq IS NOT NULL BEGIN
    UPDATE job SET last_seq = max(last_seq, new.seq) WHERE id = new.job;
END;
CREATE TABLE IF NOT EXISTS probe (written INTEGER PRIMARY KEY);
"""


class SpoolInUse(Exception):  # noqa: N818
    """Another process has this file."""


def opened(path: Path | None) -> sqlite3.Connection:
    """The file at `path`, or memory. Raises SpoolInUse, and OSError where the place cannot be written."""
    if path is None:
        return _connect(":memory:")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    try:
        return _connect(str(path))
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise SpoolInUse(str(path)) from None
        raise OSError(str(error)) from error
    except sqlite3.DatabaseError:
        aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
        path.rename(aside)
        console.error("the spool %s is damaged; it is kept as %s, and a new one begins", path, aside.name)
        return opened(path)


def _connect(name: str) -> sqlite3.Connection:
    """Ours alone: a second process is refused at once, and one that was killed leaves no lock behind."""
    with ExitStack() as unless_it_opens:
        db = sqlite3.connect(name, timeout=0, check_same_thread=False)
        unless_it_opens.callback(db.close)
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute(f"PRAGMA page_size = {PAGE}")
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA journal_size_limit = 0")
        db.execute(f"PRAGMA max_page_count = {FILE // PAGE}")
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("damaged")
        sift(db)
        unless_it_opens.pop_all()
        return db
