"""Lives where runners are heard: notes that somebody hears them, and takes back the jobs of those who fell silent."""

import logging
import threading
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from scraping import claims, clock, doors
from scraping.models import Presence, ScrapeJob

logger = logging.getLogger(__name__)
# one number among the database's advisory locks: one process at a time looks after the leases
_SWEEPING = 7_221_002


def start() -> threading.Thread | None:
    """Sweep every `SWEEP_SECONDS` in a thread of this process, for as long as it lives; None where that is 0."""
    if not settings.SWEEP_SECONDS:
        return None
    thread = threading.Thread(target=_forever, args=[settings.SWEEP_SECONDS], name="sweep", daemon=True)
    thread.start()
    return thread


def sweep(*, now: datetime | None = None) -> list[ScrapeJob]:
    """Note the presence and end every overdue job, each in a transaction of its own; returns those that ended.

    Safe in several processes at once: one looks, and each job has its row lock.
    """
    with transaction.atomic(durable=True):
        if not _is_mine():
            return []
        resumed_at = note_presence(now=now)
        overdue = claims.overdue(resumed_at=resumed_at, now=now)
    return [job for job_id in overdue if (job := _take_back(job_id, resumed_at, now))]


def _take_back(job_id: UUID, resumed_at: datetime, now: datetime | None) -> ScrapeJob | None:
    """One that fails must not keep the others waiting."""
    try:
        with doors.transact():
            job = claims.expire(job_id, resumed_at=resumed_at, now=now)
    except Exception:
        logger.exception("job %s could not be taken back; the next sweep tries again", job_id)
        return None
    if job:
        logger.warning("job %s: %s", job.pk, job.error)
    return job


def note_presence(*, now: datetime | None = None) -> datetime:
    """Note that runners are heard now; returns since when, not counting gaps of up to `OUTAGE_SECONDS`.

    Needs a transaction.
    """
    rows = Presence.objects.annotate(clock=clock.at(now)).select_for_update(no_key=True)
    row = rows.first()
    if row is None:
        Presence.objects.create(seen_at=clock.at(now), resumed_at=clock.at(now))
        return Presence.objects.get().resumed_at
    # a clock that was set back says nothing about the time since, so that counts as a gap too
    if not timedelta() <= row.clock - row.seen_at <= timedelta(seconds=settings.OUTAGE_SECONDS):
        row.resumed_at = row.clock
    row.seen_at = row.clock
    row.save(update_fields=["seen_at", "resumed_at"])
    return row.resumed_at


def _is_mine() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SWEEPING])
        return bool(cursor.fetchone()[0])


def _forever(seconds: float) -> None:
    pause = threading.Event()
    while not pause.wait(seconds):
        try:
            sweep()
        except Exception:
            logger.exception("the sweep failed; it goes on in %s s", seconds)
        finally:
            connection.close()
