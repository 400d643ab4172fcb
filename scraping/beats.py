"""Heartbeats: renew all the jobs a runner holds in one statement that waits for nobody."""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from runners.models import Runner
from runners.protocol.messages import HeldJob
from runners.protocol.words import JobStatus
from scraping import fence

OK, CANCEL, LOST = "ok", "cancel", "lost"

# A row that is locked just now is being written by its holder: it is skipped, and the last SELECT, which sees the
# rows as they were before, answers for it.
_BEAT = """
WITH said AS (
    SELECT * FROM jsonb_to_recordset(%(said)s::jsonb) AS said(id uuid, step text, done int, total int)
), free AS (
    SELECT job.id FROM scrape_jobs job JOIN said USING (id)
    WHERE job.status = 'running' AND job.runner_id = %(runner)s
    ORDER BY job.id FOR NO KEY UPDATE OF job SKIP LOCKED
), beat AS (
    UPDATE scrape_jobs job SET
        heartbeat_at = clock.now,
        acknowledged_at = coalesce(job.acknowledged_at, clock.now),
        lease_expires_at = clock.now + job.lease_seconds * interval '1 second',
        progress_at = CASE WHEN said.done > job.done OR (said.step <> '' AND said.step <> job.step)
            THEN clock.now ELSE job.progress_at END,
        step = CASE WHEN said.step <> '' THEN left(said.step, 200) ELSE job.step END,
        done = greatest(job.done, least(said.done, job.total))
    FROM free JOIN said USING (id),
        (SELECT coalesce(%(now)s::timestamptz, statement_timestamp()) AS now) clock
    WHERE job.id = free.id
)
SELECT job.id, job.cancel_requested_at IS NOT NULL FROM scrape_jobs job JOIN said USING (id)
WHERE job.status = %(running)s AND job.runner_id = %(runner)s
"""


def beat(held: Sequence[HeldJob], *, runner: Runner, now: datetime | None = None) -> dict[str, str]:
    """Renew the leases of `held` jobs; by id as it was sent: `ok`, `cancel` (asked to stop) or `lost`."""
    known = {key: job for job in held if (key := fence.identity(job.job_id))}
    mine = _renew(known, runner, now) if known else {}
    return {job.job_id: mine.get(str(fence.identity(job.job_id)), LOST) for job in held}


def _renew(known: dict[uuid.UUID, HeldJob], runner: Runner, now: datetime | None) -> dict[str, str]:
    said = [{"id": str(key), "step": job.step, "done": job.done, "total": job.total} for key, job in known.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            _BEAT, {"said": json.dumps(said), "runner": runner.pk, "now": now, "running": JobStatus.RUNNING.value}
        )
        return {str(key): CANCEL if stop else OK for key, stop in cursor.fetchall()}
