"""Makes room in a spool: debug lines go first, then info lines; each run of them leaves one mark with their numbers."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, groupby
from typing import Final

from runners.protocol.messages import LogLine
from runners.protocol.words import LogLevel

INSERT: Final = """
INSERT OR REPLACE INTO thing (number, job, kind, level, seq, through, bytes, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
MARK: Final = "mark"
_MARK_BYTES: Final = 400
# What one transaction removes: all of it goes through the log written ahead, which is on the same disk.
_PIECE: Final = 1_000_000
_LINES: Final = """
SELECT number, job, level, seq, coalesce(through, seq), bytes FROM thing
WHERE kind = 'line' AND number > ? ORDER BY job, number
"""


@dataclass(frozen=True)
class _Line:
    number: int
    job: str
    level: str
    seq: int
    through: int
    bytes: int


def drop_lines(db: sqlite3.Connection, *, above: int, size: int) -> None:
    """Free about `size` bytes, of lines with a number beyond `above`; what is a warning or worse stays.

    Commits piece by piece. Raises sqlite3.Error.
    """
    for level in (LogLevel.DEBUG, LogLevel.INFO):
        for run in _runs([_Line(*row) for row in db.execute(_LINES, [above])], level):
            for piece in _pieces(run):
                if size <= 0:
                    return
                with db:
                    _replace(db, run[0], piece[-1])
                size -= sum(line.bytes for line in piece)
            size += _MARK_BYTES


def _pieces(run: list[_Line]) -> Iterator[list[_Line]]:
    """The run's lines, about a megabyte at a time."""
    ends = accumulate(line.bytes for line in run)
    for _number, piece in groupby(zip(run, ends, strict=True), key=lambda pair: pair[1] // _PIECE):
        yield [line for line, _end in piece]


def _runs(lines: list[_Line], level: LogLevel) -> Iterator[list[_Line]]:
    """Neighbours of one job that are of this level, or marks of lines that went before."""
    for (_job, droppable), run in groupby(lines, key=lambda line: (line.job, line.level in {level, MARK})):
        found = list(run)
        if droppable and any(line.level != MARK for line in found):
            yield found


def _replace(db: sqlite3.Connection, first: _Line, last: _Line) -> None:
    """Put one mark in the place of what is between two lines of a run, both included."""
    count = last.through - first.seq + 1
    mark = LogLine(
        level=LogLevel.WARNING,
        message=f"{count} line(s) dropped: the runner's spool was full while the server was away",
        timestamp=datetime.now(UTC),
        seq=first.seq,
        through=last.through,
    )
    body = mark.model_dump_json(exclude_unset=True)
    db.execute(
        "DELETE FROM thing WHERE job = ? AND kind = 'line' AND number BETWEEN ? AND ?",
        [first.job, first.number, last.number],
    )
    db.execute(
        INSERT,
        [first.number, first.job, "line", MARK, first.seq, last.through, _MARK_BYTES, body],
    )
