"""What a beat and a poll ask of the database: how many statements, and by which way they find their rows."""

import json
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from runners.models import Runner
from scraping.models import ScrapeJob
from tests import make

FINISHED = 1_000_000
FLEET = 1_000
BEAT_ALLOWED, POLL_ALLOWED = 3, 4
OURS = "/api/scraper/v1/"
AROUND = ("BEGIN", "COMMIT")

# straight into their last state, which the triggers would refuse
FINISHED_JOBS = """
    INSERT INTO scrape_jobs (id, root_id, batch_id, runner_id, status, skus, scrapers, versions, context, error,
        attempt, test_mode, lease_seconds, started_at, completed_at, step, working, wanted, beat_seq, done, total,
        log_head, log_seq, log_counts, log_bodies, log_closed, final_digest)
    SELECT id, id, batch_id, runner_id, 'completed', ARRAY[lpad(number::text, 12, '0')], scrapers, '{{"acme": 1}}',
        '{{}}', '', 1, false, 45, statement_timestamp(), statement_timestamp(), '', '{{}}', '{{}}',
        0, 1, 1, 0, 0, '{{}}', '{{}}', false, ''
    FROM (SELECT gen_random_uuid() AS id, number, batch_id, runner_id, scrapers
        FROM scrape_jobs, generate_series(1, {count}) number WHERE scrape_jobs.id = %s) made
"""


def beats() -> bool:
    """Whether a beat for one job and for ten is one request of at most `BEAT_ALLOWED` statements."""
    runner = make.runner("beating")
    api = api_of(make.key(runner))
    jobs = [str(make.running_job(runner, skus=[f"beat-{number}"]).pk) for number in range(10)]
    kept = True
    for count in (1, 10):
        said = {"status": "busy", "jobs": [{"job_id": job, "step": "acme 1", "done": 0} for job in jobs[:count]]}
        ask(api, "heartbeat", said)
        be_news()
        statements = ask(api, "heartbeat", said)
        kept = kept and len(statements) <= BEAT_ALLOWED
        print(f"beat for {count} jobs: 1 request, {len(statements)} statements (at most {BEAT_ALLOWED})")
    return kept


def empty_queue() -> bool:
    """Whether a poll that finds nothing is at most `POLL_ALLOWED` statements, each by index, beside a big history."""
    runner = make.runner("polling")
    fill(make.running_job(runner, skus=["first"]))
    api = api_of(make.key(runner))
    ask(api, "poll", {"version": "1"})
    be_news()
    statements = ask(api, "poll", {"version": "1"})
    print(f"poll, nothing waits, {FINISHED:,} finished jobs: {len(statements)} statements (at most {POLL_ALLOWED})")
    kept = len(statements) <= POLL_ALLOWED
    for statement in statements:
        nodes = plan(statement)
        kept = kept and not any(node == "Seq Scan" for node in nodes)
        print(f"    {' > '.join(nodes)}: {statement[:60]}…")
    return kept


def be_news() -> None:
    """Let what runners say be written: nobody has heard them for a while."""
    Runner.objects.update(last_seen=None)


def fill(job: ScrapeJob) -> None:
    """A history, and a fleet large enough that its own tables are worth an index."""
    for number in range(FLEET):
        make.key(make.runner(f"fleet-{number}"))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE scrape_jobs SET status = 'completed', reason = NULL, lease_expires_at = NULL, "
            "completed_at = statement_timestamp(), runner_id = %s, started_at = statement_timestamp()",
            [job.runner_id],
        )
        cursor.execute(FINISHED_JOBS.format(count=FINISHED), [job.pk])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE scrape_jobs, scraper_runners, runner_api_keys")


def api_of(key: str) -> APIClient:
    return APIClient(headers={"X-API-Key": key, "Host": "127.0.0.1"})


def ask(api: APIClient, path: str, body: dict[str, Any]) -> list[str]:
    """The statements that a request costs, besides those that open and close the transaction."""
    with CaptureQueriesContext(connection) as queries:
        assert api.post(f"{OURS}{path}", body, format="json").status_code == 200
    return [query["sql"] for query in queries if query["sql"] not in AROUND]


def plan(statement: str) -> list[str]:
    """The nodes that ran, from the top down; what the statement wrote is undone."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        read = cursor.fetchone()[0]
        transaction.set_rollback(True)
    [top] = json.loads(read) if isinstance(read, str) else read
    return list(_nodes(top["Plan"]))


def _nodes(node: dict[str, Any]) -> list[str]:
    ran = [node["Node Type"]] if node["Actual Loops"] else []
    return [*ran, *(name for child in node.get("Plans", []) for name in _nodes(child))]
