"""Heartbeats: renew all the jobs a runner holds in one statement that waits for nobody."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from runners.models import Runner
from runners.protocol import step
from runners.protocol.messages import HeldJob
from runners.protocol.words import JobStatus
from scraping import fence

OK, CANCEL, LOST = "ok", "cancel", "lost"

# A row that is locked just now is being written by its holder: it is skipped, and the last SELECT, which sees the
# rows as they were before, answers for it. A beat frees the slots of the scrapers it does not name; those of limited
# ones that it names and does not hold it gives back as lacking, for they are given out under other locks. One without
# a list names the scraper of its step, if that is one of the job's. A beat that comes late only renews the lease.
_BEAT = """
WITH said AS (
    SELECT said.id, left(said.step, 200) AS step, least(said.done, job.total) AS done, said.seq,
        coalesce(said.working, CASE WHEN said.place = ANY(job.scrapers) THEN ARRAY[said.place] END) AS working
    FROM jsonb_to_recordset(%(said)s::jsonb)
        AS said(id uuid, step text, place text, done int, working text[], seq bigint)
    JOIN scrape_jobs job USING (id)
), limited AS (
    SELECT slug::text FROM scrapers WHERE max_parallel_jobs IS NOT NULL
), free AS (
    SELECT job.id, coalesce(said.seq <= job.beat_seq, false) AS late FROM scrape_jobs job JOIN said USING (id)
    WHERE job.status = 'running' AND job.runner_id = %(runner)s
    ORDER BY job.id FOR NO KEY UPDATE OF job SKIP LOCKED
), beat AS (
    UPDATE scrape_jobs job SET
        heartbeat_at = clock.now,
        acknowledged_at = coalesce(job.acknowledged_at, clock.now),
        lease_expires_at = clock.now + job.lease_seconds * interval '1 second',
        progress_at = CASE WHEN said.done > job.done OR (said.step NOT IN ('', job.step) AND NOT free.late)
            THEN clock.now ELSE least(job.progress_at, clock.now) END,
        step = CASE WHEN said.step = '' OR free.late THEN job.step ELSE said.step END,
        done = greatest(job.done, said.done),
        working = CASE WHEN said.working IS NULL OR free.late THEN job.working ELSE ARRAY(
            SELECT slug FROM unnest(job.scrapers) slug WHERE slug = ANY(said.working)
            AND (slug = ANY(job.working) OR slug NOT IN (SELECT limited.slug FROM limited))
        ) END,
        wanted = CASE WHEN said.working IS NULL OR free.late THEN job.wanted ELSE ARRAY(
            SELECT slug FROM unnest(job.wanted) slug WHERE slug = ANY(said.working)
        ) END,
        beat_seq = greatest(job.beat_seq, said.seq)
    FROM free JOIN said USING (id),
        (SELECT coalesce(%(now)s::timestamptz, statement_timestamp()) AS now) clock
    WHERE job.id = free.id
)
SELECT job.id, job.cancel_requested_at IS NOT NULL, ARRAY(
    SELECT slug FROM limited
    WHERE slug = ANY(said.working) AND slug = ANY(job.scrapers) AND slug <> ALL(job.working)
) FROM scrape_jobs job JOIN said USING (id)
WHERE job.status = %(running)s AND job.runner_id = %(runner)s
"""


@dataclass(frozen=True)
class Heard:
    """By job id as it was sent: `words` (ok, cancel, lost), and in `lacking` the limited scrapers it named in vain."""

    words: dict[str, str]
    lacking: dict[str, list[str]] = field(default_factory=dict)


def beat(held: Sequence[HeldJob], *, runner: Runner, now: datetime | None = None) -> Heard:
    """Renew the leases of `held` jobs, and note what each works with. Needs a transaction."""
    known = {key: job for job in held if (key := fence.identity(job.job_id))}
    rows = _renew(known, runner, now) if known else {}
    mine = {job.job_id: rows.get(fence.identity(job.job_id), (LOST, [])) for job in held}
    lacking = {job_id: slugs for job_id, (_word, slugs) in mine.items() if slugs}
    return Heard({job_id: word for job_id, (word, _slugs) in mine.items()}, lacking)


def resume(held: Sequence[str], *, runner: Runner, now: datetime | None = None) -> dict[str, str]:
    """A process that begins anew says what it holds: as a beat that names nothing to work with. Needs a transaction.

    It frees nothing: what the process works with is in its own beats, and a poll may come late or twice.
    """
    return beat([HeldJob(job_id=job_id) for job_id in held], runner=runner, now=now).words


def _renew(known: dict[uuid.UUID, HeldJob], runner: Runner, now: datetime | None) -> dict[Any, tuple[str, list[str]]]:
    said = [_said(key, job) for key, job in known.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            _BEAT, {"said": json.dumps(said), "runner": runner.pk, "now": now, "running": JobStatus.RUNNING.value}
        )
        return {key: (CANCEL if stop else OK, lacking) for key, stop, lacking in cursor.fetchall()}


def _said(key: uuid.UUID, job: HeldJob) -> dict[str, Any]:
    """In the columns of the statement; `place` is the scraper that its step may name."""
    unit = step.read(job.step)
    return {
        "id": str(key),
        "step": job.step,
        "place": unit and unit[0],
        "done": job.done,
        "working": job.working,
        "seq": job.seq,
    }
