"""Claim and finish in SQL: on our table, and on a bare copy without triggers, checks and foreign keys."""

import time
from datetime import timedelta
from statistics import median
from uuid import UUID

from django.db import connection
from django.utils import timezone

from scraping.models import ScrapeJob
from tests import make

ALLOWED = 0.6
ROUNDS, PAIRS = 15, 100

BARE = """
    CREATE TABLE bare_jobs (LIKE scrape_jobs INCLUDING DEFAULTS);
    INSERT INTO bare_jobs SELECT * FROM scrape_jobs;
    ALTER TABLE bare_jobs ADD PRIMARY KEY (id);
    CREATE INDEX bare_jobs_pending ON bare_jobs (turn) WHERE status = 'pending';
"""
CLAIM = """
    UPDATE {table} SET status = 'running', runner_id = %s, versions = '{{"acme": 1}}', working = scrapers,
        lease_seconds = 45, lease_expires_at = statement_timestamp() + interval '45 s',
        acknowledge_by = statement_timestamp() + interval '15 s', started_at = statement_timestamp(),
        heartbeat_at = statement_timestamp(), progress_at = statement_timestamp()
    WHERE id = (
        SELECT id FROM {table} WHERE status = 'pending' AND run_after <= statement_timestamp()
        ORDER BY turn, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    ) RETURNING id
"""
FINISH = """
    UPDATE {table} SET status = 'completed', completed_at = statement_timestamp(), lease_expires_at = NULL,
        acknowledged_at = statement_timestamp(), heartbeat_at = statement_timestamp(), done = total,
        final_digest = %s, final_answer = '{{"success": true, "recorded": 0, "remaining": 0}}'
    WHERE id = %s AND status = 'running' AND runner_id = %s
"""


def compare() -> bool:
    """Whether our table keeps at least `ALLOWED` of the bare one's pairs per second."""
    runner = make.runner("sql").pk
    fill(2 * ROUNDS * PAIRS)
    with connection.cursor() as cursor:
        cursor.execute(BARE)
        cursor.execute("ANALYZE scrape_jobs, bare_jobs")
        share = alternate(runner, f"claim + finish in SQL (at least {ALLOWED})")
        cursor.execute("SET synchronous_commit = off")
        alternate(runner, "    the same without waiting for the disk")
        cursor.execute("RESET synchronous_commit")
    return share >= ALLOWED


def alternate(runner: UUID, what: str) -> float:
    """Our pairs per second as a share of the bare table's, the median of all rounds."""
    rounds = [(block("scrape_jobs", runner), block("bare_jobs", runner)) for _ in range(ROUNDS)]
    ours, bare, share = (median(side) for side in zip(*((a, b, a / b) for a, b in rounds), strict=True))
    print(f"{what}: bare {bare:,.0f}/s, ours {ours:,.0f}/s: {share:.2f}")
    return float(share)


def fill(count: int) -> None:
    """Jobs of 20 SKUs, as a batch makes them."""
    first = make.job(skus=[f"{number:012d}" for number in range(20)])
    now = timezone.now() - timedelta(hours=1)
    jobs = []
    for number in range(count):
        job = ScrapeJob(batch=first.batch, skus=first.skus, scrapers=first.scrapers, total=first.total)
        job.root, job.turn, job.run_after = job, now + timedelta(microseconds=number), now
        jobs.append(job)
    ScrapeJob.objects.bulk_create(jobs, batch_size=1000)


def block(table: str, runner: UUID) -> float:
    """Pairs per second, each statement a transaction of its own."""
    claim, finish, digest = CLAIM.format(table=table), FINISH.format(table=table), "0" * 64
    with connection.cursor() as cursor:
        start = time.perf_counter()
        for _ in range(PAIRS):
            cursor.execute(claim, [runner])
            job = cursor.fetchone()[0]
            cursor.execute(finish, [digest, job, runner])
            assert cursor.rowcount == 1
        return PAIRS / (time.perf_counter() - start)
