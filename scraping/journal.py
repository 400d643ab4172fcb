"""A job's log: lines get gapless positions while the caller holds the job's row lock, and are never changed.

The functions change the job in memory too; `WRITTEN` names those columns, and the caller saves them.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from runners.protocol.messages import LogLine
from runners.protocol.words import LogLevel
from scraping.models import ScrapeJob

WRITTEN = ("log_head", "log_seq", "log_counts", "log_bodies", "log_closed")
MAX_BYTES = 16 * 1024
MAX_LINES = 200_000
REMEMBERED_BODIES = 20
MAX_NAME = 50
_COPY = """
COPY scrape_job_logs (job_id, position, level, message, scraper, sku, seq, through, logged_at, created_at) FROM STDIN
"""


@dataclass(frozen=True)
class Appended:
    """Lines stored now; where the runner's numbers left a gap, the number that should have come."""

    count: int
    expected: int | None = None


class Row(NamedTuple):
    """A line as it is stored, but for its job, position and time of arrival; in the order of `_COPY`."""

    level: str
    message: str
    scraper: str | None = None
    sku: str | None = None
    seq: int | None = None
    through: int | None = None
    logged_at: datetime | None = None


def append(job: ScrapeJob, lines: Sequence[LogLine]) -> Appended:
    """Store a runner's lines: numbered ones once and in order up to a gap, a body without numbers once in twenty."""
    if any(line.seq is not None for line in lines):
        rows, expected = _unseen(job, lines)
        return Appended(count=_store(job, rows), expected=expected)
    return Appended(count=_store(job, [_row(line) for line in _unless_repeated(job, lines)]))


def say(job: ScrapeJob, level: LogLevel, message: str, *, scraper: str | None = None, sku: str | None = None) -> None:
    """Add a line of the server's own, without a runner's number."""
    _store(job, [Row(level.value, _cut(message), scraper, sku)])


def _unseen(job: ScrapeJob, lines: Sequence[LogLine]) -> tuple[list[Row], int | None]:
    """The lines not stored yet, up to the first gap; moves `log_seq` past them."""
    fresh = []
    for line in lines:
        if line.seq is None:
            fresh.append(_row(line))
            continue
        last = max(line.seq, line.through or 0)
        if last <= job.log_seq:
            continue
        if line.seq > job.log_seq + 1:
            return fresh, job.log_seq + 1
        fresh.append(_row(line, seq=job.log_seq + 1))
        job.log_seq = last
    return fresh, None


def _unless_repeated(job: ScrapeJob, lines: Sequence[LogLine]) -> list[LogLine]:
    """Nothing if the same body came lately: a client without numbers repeats a post whose answer was lost."""
    body = json.dumps([line.model_dump(mode="json") for line in lines], sort_keys=True)
    print_ = hashlib.sha256(body.encode()).hexdigest()[:16]
    if not lines or print_ in job.log_bodies:
        return []
    job.log_bodies = [*job.log_bodies, print_][-REMEMBERED_BODIES:]
    return list(lines)


def _row(line: LogLine, *, seq: int | None = None) -> Row:
    return Row(
        level=line.level.value,
        message=_cut(line.message),
        scraper=line.scraper and line.scraper[:MAX_NAME],
        sku=line.sku and line.sku[:200],
        seq=seq,
        through=line.through,
        logged_at=_storable(line.timestamp),
    )


def _store(job: ScrapeJob, rows: list[Row]) -> int:
    """Give positions and insert; past the limit the log closes with one line and the job goes on."""
    room = max(0, MAX_LINES - job.log_head)
    kept = [] if job.log_closed else rows[:room]
    if len(rows) > room and not job.log_closed:
        job.log_closed = True
        message = _("This log is full after {count} lines: later lines are not kept. The job goes on.")
        kept.append(Row(LogLevel.WARNING.value, message.format(count=MAX_LINES)))
    if kept:
        _copy(job, kept)
    job.log_head += len(kept)
    job.log_counts = dict(Counter(job.log_counts) + Counter(row.level for row in kept))
    return len(kept)


def _copy(job: ScrapeJob, rows: Sequence[Row]) -> None:
    """COPY takes a third of the time of an INSERT with as many rows."""
    arrived = timezone.now()
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for position, row in enumerate(rows, start=job.log_head + 1):
            copy.write_row((job.pk, position, *row, arrived))


def _cut(message: str) -> str:
    """`message` in at most 16 KB of UTF-8, with a mark where it was cut."""
    if len(message) * 4 <= MAX_BYTES:  # no character takes more
        return message
    encoded = message.encode()
    if len(encoded) <= MAX_BYTES:
        return message
    mark = f" … [cut, {len(encoded)} bytes]"
    return encoded[: MAX_BYTES - len(mark.encode())].decode(errors="ignore") + mark


def _storable(moment: datetime | str | None) -> datetime | None:
    """In UTC; None where a runner's clock names no time, or one that has no UTC (year 1 east of Greenwich)."""
    try:
        return moment.astimezone(UTC) if isinstance(moment, datetime) else None
    except OverflowError:
        return None
