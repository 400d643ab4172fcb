"""What must outlive this process, until the server has it: the job in hand, its results and lines, in a SQLite file.

When the disk takes no more, things are kept in memory and go on from there; `full` says so until a write succeeds.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Generic, TypeVar

from pydantic import BaseModel

from runners.agent import spoolfile, trim
from runners.agent.spoolfile import SpoolInUse
from runners.protocol.messages import Callback, JobOffer, LogLine, UnitItem

console = logging.getLogger(__name__)
# a spool takes 200 MB of its disk at most: what its rows count, `spoolfile.FILE` around them, the log written ahead
LIMIT: Final = 120_000_000
_ROOM: Final = 4_000_000  # is kept for what comes next
_OVERHEAD: Final = 200
_TRY_EVERY: Final = 1.0
# number, job, kind, level, seq, through, bytes, body
Row = tuple[int, str, str, str | None, int | None, int | None, int, str]
_Message = TypeVar("_Message", LogLine, UnitItem)


class Spool:
    """One process's file. Safe to use from several threads."""

    def __init__(self, path: Path | None, *, limit: int = LIMIT) -> None:
        """`path` None keeps everything in memory. Raises SpoolInUse, and OSError where the place cannot be written."""
        self.lock = threading.RLock()
        self._path = path
        self._limit = limit
        self._failed_at: float | None = None
        self._synchronous = ""
        self._in_hand: list[tuple[str, str]] = []  # a job that the disk would not take yet, with its offer
        self._db = spoolfile.opened(path)
        self._next: int = self._one("SELECT coalesce(max(number), 0) + 1 FROM thing")
        self._bytes: int = self._one("SELECT coalesce(sum(bytes), 0) FROM thing")

    @property
    def full(self) -> bool:
        """Whether the disk took nothing the last time."""
        return self._failed_at is not None

    def probe(self) -> bool:
        """Try to write; whether the disk takes things again."""
        with self.lock:
            self._attempt("INSERT OR REPLACE INTO probe VALUES (1)", [()], synchronous="FULL")
        return not self.full

    def holding(self) -> list[str]:
        """The jobs that were in hand when the last process ended."""
        with self.lock:
            return [str(row[0]) for row in self._db.execute("SELECT id FROM job ORDER BY rowid")]

    def begin(self, offer: JobOffer) -> None:
        """Remember that this job is in hand; what is known of it already stays."""
        with self.lock:
            self._in_hand = [(offer.job_id, offer.model_dump_json())]
            self._remember()

    def say(self, job_id: str, word: Callback) -> None:
        """Remember the job's last word until it has been heard."""
        body = word.model_dump_json(exclude_unset=True)
        with self.lock:
            if self._remember():
                self._attempt("UPDATE job SET word = ? WHERE id = ?", [(body, job_id)], synchronous="FULL")

    def word(self, job_id: str) -> Callback | None:
        """The last word that a process before this one did not get across."""
        with self.lock:
            row = self._db.execute("SELECT word FROM job WHERE id = ?", [job_id]).fetchone()
        return Callback.model_validate_json(row[0]) if row and row[0] else None

    def unsent(self, job_id: str) -> list[tuple[str, str]]:
        """(SKU, scraper) of the units that are done, and that the server may not have."""
        return [(unit.sku, unit.scraper) for _number, unit in self.units(job_id).oldest(-1)]

    def forget(self, job_id: str) -> None:
        """The job is over: nothing of it is worth keeping."""
        with self.lock:
            self._in_hand = []
            self._attempt("DELETE FROM thing WHERE job = ?", [(job_id,)], synchronous="FULL")
            self._attempt("DELETE FROM job WHERE id = ?", [(job_id,)], synchronous="FULL")
            self._bytes = self._one("SELECT coalesce(sum(bytes), 0) FROM thing")
            if self._one("PRAGMA freelist_count") > _ROOM // spoolfile.PAGE:
                self._shrink()

    def lines(self, job_id: str) -> "Box[LogLine]":
        """Where the job's log lines wait."""
        return Box(self, job_id, "line", LogLine, synchronous="NORMAL")

    def units(self, job_id: str) -> "Box[UnitItem]":
        """Where the job's finished units wait."""
        return Box(self, job_id, "unit", UnitItem, synchronous="FULL")

    def close(self) -> None:
        with self.lock:
            self._db.close()

    # for its boxes, which hold `lock`

    def number(self) -> int:
        self._next += 1
        return self._next - 1

    def select(self, query: str, arguments: Sequence[object]) -> list[tuple[int, str]]:
        try:
            return self._db.execute(query, arguments).fetchall()
        except sqlite3.Error:
            console.exception("the spool cannot be read")
            return []

    @property
    def resting(self) -> bool:
        """Whether a write failed a moment ago, so that another one is not worth trying yet."""
        return self._failed_at is not None and time.monotonic() < self._failed_at + _TRY_EVERY

    def store(self, rows: list[Row], *, above: int, synchronous: str) -> bool:
        """Write `rows`; lines with a number up to `above` are on their way and are not dropped to make room."""
        if not self._remember():
            return False
        size = sum(row[6] for row in rows)
        if self._bytes + size > self._limit:
            self._make_room(size, above)
        if self._bytes + size > self._limit:
            self._fail("it is full with what must not be dropped")
            return False
        stored = self._attempt(trim.INSERT, rows, synchronous=synchronous)
        self._bytes += size if stored else 0
        return stored

    def remove(self, job_id: str, kind: str, *, through: int) -> None:
        gone = "DELETE FROM thing WHERE job = ? AND kind = ? AND number <= ?"
        where = [job_id, kind, through]
        size = self.select(gone.replace("DELETE", "SELECT coalesce(sum(bytes), 0), ''"), where)
        if self._attempt(gone, [tuple(where)], synchronous="NORMAL"):
            self._bytes -= size[0][0] if size else 0

    def last_seq(self, job_id: str) -> int:
        """The highest number that a line of the job was given, as far as the disk knows."""
        row = self._db.execute("SELECT last_seq FROM job WHERE id = ?", [job_id]).fetchone()
        return int(row[0]) if row else 0

    def _remember(self) -> bool:
        """Keep the job that is in hand: without it nobody would ask for what is kept of it after a kill."""
        keep = "INSERT INTO job (id, offer) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET offer = excluded.offer"
        if self._in_hand and self._attempt(keep, self._in_hand, synchronous="FULL"):
            self._in_hand = []
        return not self._in_hand

    def _shrink(self) -> None:
        """Give the disk back what an outage took."""
        try:
            self._db.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);")
        except sqlite3.Error as error:
            console.warning("the spool could not be made smaller: %s", error)

    def _make_room(self, size: int, above: int) -> None:
        try:
            trim.drop_lines(self._db, above=above, size=self._bytes + size - self._limit * 9 // 10)
        except sqlite3.Error as error:
            self._fail(str(error))
        self._bytes = self._one("SELECT coalesce(sum(bytes), 0) FROM thing")

    def _attempt(self, statement: str, rows: Sequence[Sequence[object]], *, synchronous: str) -> bool:
        try:
            if synchronous != self._synchronous:
                self._db.execute(f"PRAGMA synchronous = {synchronous}")
                self._synchronous = synchronous
            with self._db:
                self._db.executemany(statement, rows)
        except sqlite3.Error as error:
            self._fail(str(error))
            return False
        if self.full:
            console.warning("the spool takes things again")
        self._failed_at = None
        return True

    def _fail(self, why: str) -> None:
        if not self.full:
            console.error(
                "the spool %s cannot be written: %s. What is found goes on from memory and is lost if this process "
                "ends; no new job is taken. Make room on its disk.",
                self._path,
                why,
            )
        self._failed_at = time.monotonic()

    def _one(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


class Box(Generic[_Message]):
    """The things of one kind that one job has to send, oldest first, each with a number."""

    def __init__(self, spool: Spool, job_id: str, kind: str, model: type[_Message], *, synchronous: str) -> None:
        self._spool = spool
        self._job_id = job_id
        self._kind = kind
        self._model: type[_Message] = model
        self._synchronous = synchronous
        self._late: list[tuple[int, _Message]] = []  # what the disk would not take
        self._sent = 0  # the server has everything up to this number
        self._taken = 0  # everything up to this number is on its way

    @property
    def last_seq(self) -> int:
        with self._spool.lock:
            return self._spool.last_seq(self._job_id)

    def put(self, thing: _Message) -> None:
        with self._spool.lock:
            self._late.append((self._spool.number(), thing))
            if self._spool.resting:
                return
            rows = [self._row(number, late) for number, late in self._late]
            if self._spool.store(rows, above=self._taken, synchronous=self._synchronous):
                self._late = []

    def oldest(self, most: int) -> list[tuple[int, _Message]]:
        """The first `most` things with their numbers; all of them for -1."""
        wanted = "SELECT number, body FROM thing WHERE job = ? AND kind = ? AND number > ? ORDER BY number LIMIT ?"
        with self._spool.lock:
            rows = self._spool.select(wanted, [self._job_id, self._kind, self._sent, most])
            things: list[tuple[int, _Message]] = [
                (number, self._model.model_validate_json(body)) for number, body in rows
            ]
            things += self._late if most < 0 else self._late[: max(0, most - len(things))]
            self._taken = max([self._taken, *(number for number, _thing in things)])
            return things

    def count(self) -> int:
        counted = "SELECT count(*), '' FROM thing WHERE job = ? AND kind = ? AND number > ?"
        with self._spool.lock:
            rows = self._spool.select(counted, [self._job_id, self._kind, self._sent])
            return (rows[0][0] if rows else 0) + len(self._late)

    def drop(self, through: int) -> None:
        """The server has everything up to this number."""
        with self._spool.lock:
            self._sent = through
            self._late = [(number, thing) for number, thing in self._late if number > through]
            self._spool.remove(self._job_id, self._kind, through=through)

    def _row(self, number: int, thing: BaseModel) -> Row:
        level, seq, through = (getattr(thing, name, None) for name in ("level", "seq", "through"))
        body = thing.model_dump_json(exclude_unset=True)
        size = len(body.encode()) + _OVERHEAD
        return (number, self._job_id, self._kind, level and str(level), seq, through, size, body)


def find(folder: Path, name: str) -> Spool:
    """The first spool of this name in `folder` that no other process has. Raises OSError."""
    for number in range(1, 1000):
        try:
            return Spool(folder / f"{name}-{number}.sqlite3")
        except SpoolInUse:
            continue
    raise OSError(f"{folder} has a thousand spools in use")
