"""The operations page with 100,000 ended jobs and 5,000,000 results spread over 90 days.

`python bench/operations.py` puts them by COPY into a scratch database, then asks for the page through Django's test
client as somebody who may look and act. It prints how many queries the page takes, by which plan each is answered, and
the median time; it fails with more than 12 queries, with a sequential scan of a big table, or from 300 ms on.
`--jobs 2000` loads less (50 results per job), for a quick look that proves nothing.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baystate.settings_test")

DAYS = 90
SKUS_A_JOB, SCRAPERS_A_JOB = 10, 5
SCRAPERS = [f"site-{n:02d}" for n in range(12)]
SKUS = 20_000
A_JOB_TAKES = timedelta(minutes=10)
REQUESTS = 25
NARROWED = ("scraper=site-03", "runner=warehouse-3", "status=failed", "who=maria", "since=7d")
QUERIES_ALLOWED = 12
MILLISECONDS_ALLOWED = 300
BIG = {"scrape_jobs", "scrape_results", "scrape_batches", "scrape_job_logs"}
# of a hundred units
OUTCOMES = ["found"] * 74 + ["not_found"] * 17 + ["network"] * 3 + ["blocked"] * 2 + ["layout_changed"] * 2
OUTCOMES += ["login_failed", "ambiguous"]
JOB_COLUMNS = (
    "id, batch_id, root_id, retry_of_id, attempt, skus, scrapers, versions, context, status, reason, error, test_mode,"
    " turn, run_after, runner_id, lease_seconds, created_at, started_at, acknowledged_at, heartbeat_at, progress_at,"
    " completed_at, step, working, wanted, beat_seq, done, total, log_head, log_seq, log_counts, log_bodies,"
    " log_closed, final_digest"
)
RESULT_COLUMNS = (
    "root_id, job_id, sku, scraper, outcome, message, fields, raw, url, milliseconds, version, scraped_at, recorded_at"
)


def key(number: int, kind: int) -> uuid.UUID:
    """Ascending with `number`, so that rows arrive in the order of their index."""
    return uuid.UUID(int=(kind << 120) | (number << 40) | number)


def job_facts(number: int, jobs: int, now: datetime) -> tuple[datetime, list[str], list[str]]:
    """When job `number` of `jobs` was made, the last just now, its SKUs and its scrapers."""
    created = now - A_JOB_TAKES - timedelta(days=DAYS) * ((jobs - number) / jobs)
    skus = [f"{(number * SKUS_A_JOB + n) * 7919 % SKUS:012d}" for n in range(SKUS_A_JOB)]
    return created, skus, [SCRAPERS[(number + n) % len(SCRAPERS)] for n in range(SCRAPERS_A_JOB)]


def job_line(number: int, jobs: int, now: datetime, runners: list[uuid.UUID]) -> str:
    """A job that ended; every twentieth failed, the one after it went on with what was open."""
    created, skus, scrapers = job_facts(number, jobs, now)
    own, batch = key(number, 1), key(number // 3, 2)
    heir, lost = number % 20 == 1 and number > 0, number % 20 == 0
    root = key(number - 1, 1) if heir else own
    began, ended = created + timedelta(seconds=5), created + A_JOB_TAKES
    listed = ",".join(skus), ",".join(scrapers)
    versions = json.dumps(dict.fromkeys(scrapers, 1))
    status, reason = ("failed", "interrupted") if lost else ("completed", r"\N")
    cells = [
        *[own, batch, root, root if heir else r"\N", 1, f"{{{listed[0]}}}", f"{{{listed[1]}}}", versions, "{}", status],
        *[reason, "", "f", created, created, runners[number % len(runners)], 45, created, began, began, ended, ended],
        *[ended, "", "{}", "{}", 0, 50, 50, 0, 0, "{}", "{}", "t", ""],
    ]
    return "\t".join(map(str, cells)) + "\n"


def result_lines(number: int, jobs: int, now: datetime) -> Iterator[str]:
    """The fifty units of a job, over the ten minutes that it took."""
    created, skus, scrapers = job_facts(number, jobs, now)
    own = key(number, 1)
    for at, (sku, scraper) in enumerate((sku, scraper) for sku in skus for scraper in scrapers):
        spread = number * 50 + at
        moment = created + timedelta(seconds=10 + 11 * at)
        told = '{"name": "Layer Pellets 16 % ' + sku + '", "brand": "Harvest", "price": "19.99", "weight": "50 lb"}'
        yield (
            f"{own}\t{own}\t{sku}\t{scraper}\t{OUTCOMES[spread * 37 % 100]}\t\t{told}\t{{}}\thttps://{scraper}.test/{sku}"
            f"\t{200 + spread * 7907 % 6000}\t1\t{moment}\t{moment}\n"
        )


def copy(cursor: Any, table: str, columns: str, lines: Iterator[str]) -> None:
    """COPY in pieces of about a megabyte."""
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as sink:
        piece = io.StringIO()
        for line in lines:
            piece.write(line)
            if piece.tell() > 1_000_000:
                sink.write(piece.getvalue())
                piece = io.StringIO()
        sink.write(piece.getvalue())


def load(jobs: int) -> None:
    """History by COPY past the triggers, which refuse a job that is born ended; its indexes are made afterwards."""
    from django.db import connection

    from runners.models import Runner
    from tests import make

    now = datetime.now(UTC)
    for slug in SCRAPERS:
        make.scraper(slug)
    for n in range(12):
        make.key(make.runner(f"warehouse-{n}", version="1.4.0", capabilities=["http"], memory_mb=512))
    runners = list(Runner.objects.values_list("pk", flat=True))
    batches = (f"{key(n, 2)}\t{{{SCRAPERS[0]}}}\t30\t3\t{now}\tregister.xlsx\n" for n in range(jobs // 3 + 1))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid ="
            " 'scrape_results'::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
        )
        indexes = dict(cursor.fetchall())
        for name in indexes:
            cursor.execute(f"DROP INDEX {name}")
        copy(cursor, "scrape_batches", "id, scrapers, sku_count, max_runners, created_at, source", batches)
        copy(cursor, "scrape_jobs", JOB_COLUMNS, (job_line(n, jobs, now, runners) for n in range(jobs)))
        results = (line for n in range(jobs) for line in result_lines(n, jobs, now))
        copy(cursor, "scrape_results", RESULT_COLUMNS, results)
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for definition in indexes.values():
            cursor.execute(definition)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM (ANALYZE) scrape_batches, scrape_jobs, scrape_results")


def work_in_hand() -> None:
    """Four open batches: 8 jobs that run, half of their units done, 4 that wait; a runner gone."""
    from runners.models import Runner
    from scraping.models import ScrapeBatch
    from tests import make

    runners = list(Runner.objects.order_by("name"))
    for number in range(4):
        batch = ScrapeBatch.objects.create(scrapers=SCRAPERS[:5], sku_count=60, max_runners=3, source="spring.xlsx")
        for at in range(2):
            skus = [f"open-{number}-{at}-{n}" for n in range(20)]
            job = make.running_job(runners[number * 2 + at], batch=batch, skus=skus, scrapers=SCRAPERS[:5])
            for sku in skus[:10]:
                make.result(job, sku=sku, milliseconds=900)
        long_ago = datetime.now(UTC) - timedelta(minutes=5)
        make.job(batch=batch, skus=[f"waits-{number}"], scrapers=[*SCRAPERS[:4], "no-such-site"], run_after=long_ago)
    Runner.objects.filter(pk=runners[-1].pk).update(last_seen=datetime.now(UTC) - timedelta(minutes=5))


def nodes(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(node type, table) of a plan, from the top down."""
    yield plan["Node Type"], plan.get("Relation Name", "")
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def explained(sql: str) -> list[tuple[str, str]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        said = cursor.fetchone()[0]
    return list(nodes((json.loads(said) if isinstance(said, str) else said)[0]["Plan"]))


def plans_are_well(queries: list[dict[str, str]]) -> bool:
    """Print each query's table accesses; False where a big table is read from end to end."""
    well = True
    for number, query in enumerate(queries, 1):
        found = explained(query["sql"])
        whole = [table for kind, table in found if kind == "Seq Scan" and table in BIG]
        well = well and not whole
        scans = ", ".join(dict.fromkeys(f"{kind} {table}".strip() for kind, table in found if "Scan" in kind and table))
        remark = "   <-- WHOLE TABLE" if whole else ""
        print(f"{number:4} {1000 * float(query['time']):7.1f} ms  {scans or found[0][0]}{remark}")
    return well


def milliseconds(client: Any, address: str) -> tuple[float, float, float]:
    """Median, longest and median of this process's own CPU time over `REQUESTS` requests, after one that warms up."""
    client.get(address)
    spent, worked = [], []
    for _ in range(REQUESTS):
        start, began = time.perf_counter(), time.process_time()
        assert client.get(address).status_code == 200
        spent.append(1000 * (time.perf_counter() - start))
        worked.append(1000 * (time.process_time() - began))
    return statistics.median(spent), max(spent), statistics.median(worked)


def run(jobs: int) -> bool:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from tests import make

    start = time.perf_counter()
    load(jobs)
    work_in_hand()
    print(f"{jobs:,} ended jobs and {jobs * 50:,} results loaded in {time.perf_counter() - start:.0f} s")
    client, page = Client(SERVER_NAME="127.0.0.1"), reverse("admin:operations")
    client.force_login(make.staff("scraping.view_operations", "scraping.manage_operations", "runners.manage_runners"))
    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get(page)
    print(f"{len(captured)} queries (allowed: {QUERIES_ALLOWED})")
    well = plans_are_well(captured.captured_queries) and len(captured) <= QUERIES_ALLOWED
    median, longest, own = milliseconds(client, page)
    print(
        f"page, {REQUESTS} requests through the test client: median {median:.0f} ms (this process worked {own:.0f} ms),"
        f" longest {longest:.0f} ms"
    )
    changes = reverse("admin:operations_changes")
    for name, address in {
        "its parts without the plots": changes,
        **{f"page with {query}": f"{page}?{query}" for query in NARROWED},
    }.items():
        took, _, own = milliseconds(client, address)
        print(f"{name}: median {took:.0f} ms ({own:.0f} ms)")
    return well and median < MILLISECONDS_ALLOWED


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000)
    options = parser.parse_args()
    django.setup()
    logging.disable(logging.INFO)
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = "bench_operations"
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        return 0 if run(options.jobs) else 1
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
