"""What can be done from the operations page, and by whom."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from runners.models import Runner
from scraping import board, filters, jobs, scrapers, waiting
from scraping.models import ScrapeBatch, ScrapeJob, ScraperState
from tests import make

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(minutes=10)
MANAGE = ("scraping.manage_operations", "scraping.manage_scrapers", "runners.manage_runners")


def scene() -> dict[str, str]:
    """One of everything that can be acted on; returns the addresses of the acts, each with its permission."""
    paused, troubled = make.scraper("paused"), make.scraper("troubled", login_failures=1)
    scrapers.pause(paused, reason="x")
    runner = make.runner("office")
    make.key(runner)
    held = make.running_job(make.runner("gone", last_seen=LONG_AGO), skus=["1", "2"])
    make.result(held, scraper="troubled", outcome="login_failed")
    waits = make.job(skus=["3"], scrapers=["elsewhere"], run_after=LONG_AGO)
    runner.keys.update(allowed_scrapers=["acme"])
    scraper, operations = "scraping.manage_scrapers", "scraping.manage_operations"
    return {
        reverse("admin:scraping_scraper_switch", args=[paused.pk]): scraper,
        reverse("admin:scraping_scraper_switch", args=[troubled.pk]): scraper,
        reverse("admin:scraping_scraper_credentials", args=[troubled.pk]): "scraping.manage_credentials",
        reverse("admin:scraping_scrapejob_cancel", args=[held.pk]): operations,
        reverse("admin:scraping_scrapejob_cancel", args=[waits.pk]): operations,
        reverse("admin:scraping_scrapejob_retry", args=[held.pk]): operations,
        reverse("admin:scraping_scrapebatch_cancel", args=[held.batch_id]): operations,
        reverse("admin:scraping_scrapebatch_retry", args=[held.batch_id]): operations,
        reverse("admin:runners_runner_switch", args=[runner.pk]): "runners.manage_runners",
        reverse("admin:runners_runner_key", args=[Runner.objects.get(name="gone").pk]): "runners.manage_runners",
    }


def page_for(client: Client, *permissions: str, name: str = "maria") -> str:
    client.force_login(make.staff("scraping.view_operations", *permissions, name=name))
    return client.get(reverse("admin:operations")).content.decode()


def test_who_may_only_look_finds_no_button_and_is_refused(client: Client) -> None:
    acts = scene()
    page = page_for(client)
    for address in acts:
        assert f'"{address}"' not in page
        assert client.post(address, {"to": "paused"}).status_code == 403, address
    assert not Runner.objects.filter(paused=True).exists()


@pytest.mark.parametrize("permission", [*MANAGE, "scraping.manage_credentials"])
def test_each_permission_shows_its_own_buttons(client: Client, permission: str) -> None:
    acts = scene()
    page = page_for(client, permission)
    assert {address for address in acts if f'"{address}"' in page} == {
        address for address, needed in acts.items() if needed == permission
    }


@pytest.mark.parametrize(("group", "acts"), [("Operations", True), ("Operations viewers", False), ("Staff", False)])
def test_the_groups_that_come_along_look_or_act(client: Client, group: str, acts: bool) -> None:
    addresses = scene()
    person = User.objects.create_user("maria", is_staff=True)
    person.groups.add(Group.objects.get(name=group))
    client.force_login(person)
    page = client.get(reverse("admin:operations")).content.decode()
    assert [f'"{address}"' in page for address in addresses] == [acts] * len(addresses)


def test_viewers_may_open_what_the_page_links(client: Client) -> None:
    scene()
    person = User.objects.create_user("maria", is_staff=True)
    person.groups.add(Group.objects.get(name="Operations viewers"))
    client.force_login(person)
    page = client.get(reverse("admin:operations"))
    for address in {part.split('"')[0] for part in page.content.decode().split('href="/admin/')[1:]} - {"logout/"}:
        assert client.get(f"/admin/{address.replace('&amp;', '&')}").status_code == 200, address


def test_a_runner_is_paused_and_resumed_and_the_page_comes_back_as_it_was(client: Client) -> None:
    runner = make.runner()
    page = page_for(client, "runners.manage_runners")
    switch = reverse("admin:runners_runner_switch", args=[runner.pk])
    assert f'formaction="{switch}" name="to" value="paused"' in page
    answer = client.post(switch, {"to": "paused", "operations": "?runner=warehouse-1"})
    assert answer["Location"] == f"{reverse('admin:operations')}?runner=warehouse-1"
    page = client.get(reverse("admin:operations")).content.decode()
    assert "paused</span>" in page
    assert f'formaction="{switch}" name="to" value="active"' in page
    assert client.post(switch, {"to": "active"})["Location"] == reverse("admin:runners_runner_change", args=[runner.pk])
    assert not Runner.objects.get().paused


@pytest.mark.parametrize("query", ["//evil.example", "https://evil.example", "evil", "\r\nSet-Cookie: a=b"])
def test_a_button_leads_nowhere_else(client: Client, query: str) -> None:
    scraper = make.scraper()
    client.force_login(make.staff("scraping.manage_scrapers"))
    switch = reverse("admin:scraping_scraper_switch", args=[scraper.pk])
    assert client.post(switch, {"to": "paused", "operations": query})["Location"] == reverse(
        "admin:scraping_scraper_change", args=[scraper.pk]
    )
    scraper.refresh_from_db()
    assert scraper.state == ScraperState.PAUSED


def test_looking_at_an_act_does_nothing(client: Client) -> None:
    runner = make.runner()
    client.force_login(make.staff("runners.manage_runners"))
    client.get(reverse("admin:runners_runner_switch", args=[runner.pk]), {"to": "paused"})
    assert not Runner.objects.get().paused


def test_jobs_stand_by_batch_with_rate_and_time_left() -> None:
    minute_ago = timezone.now() - timedelta(minutes=1)
    first = make.running_job(make.runner(), skus=["1", "2", "3", "4"], created_at=minute_ago)
    ScrapeJob.objects.filter(pk=first.pk).update(started_at=minute_ago)
    make.result(first, sku="1")
    make.result(first, sku="2", outcome="network")
    make.job(batch=first.batch, skus=["5", "6"])
    other = make.job(skus=["7"])
    found = board.read(filters.Filters(), scrapers=waiting.scrapers(), now=minute_ago + timedelta(minutes=1))
    newest, older = found.batches
    assert (newest.batch.pk, older.batch.pk) == (other.batch_id, first.batch_id)
    assert [row.job.status for row in older.rows] == ["running", "pending"]
    assert (older.tally.done, older.tally.total, older.tally.troubles) == (2, 6, [("network", 1)])
    assert (older.per_minute, older.seconds_left) == (2.0, 120.0)
    assert (newest.per_minute, newest.seconds_left) == (0, None)


def test_a_batch_at_work_counts_what_its_ended_jobs_did() -> None:
    batch = ScrapeBatch.objects.create(scrapers=["acme"], sku_count=4, max_runners=2)
    ended = make.running_job(make.runner(), batch=batch, skus=["1", "2"])
    make.result(ended, sku="1")
    make.result(ended, sku="2")
    jobs.complete(ended, at=timezone.now())
    going = make.running_job(make.runner("office"), batch=batch, skus=["3", "4"])
    make.result(going, sku="3")
    now = timezone.now()
    whole = board.read(filters.Filters(), scrapers=waiting.scrapers(), now=now)
    assert (whole.whole, whole.done, whole.total) == (True, 3, 4)
    some = board.read(filters.Filters(runner="office"), scrapers=waiting.scrapers(), now=now)
    assert (some.whole, some.done, some.total) == (False, 1, 2)


def questions(client: Client) -> list[str]:
    """The statements that the page asks of the database, as somebody who may look and act."""
    client.force_login(make.staff("scraping.view_operations", *MANAGE, name="quentin"))
    with CaptureQueriesContext(connection) as asked:
        assert client.get(reverse("admin:operations"), {"since": "24h"}).status_code == 200
    return [query["sql"] for query in asked.captured_queries]


def test_the_page_asks_twelve_questions_however_much_there_is(client: Client) -> None:
    scene()
    make.scraper("limited", max_parallel_jobs=1)
    make.product(stale=True)
    runner = make.runner("busy")
    lost = make.running_job(runner, skus=["9"])
    make.running_job(runner, skus=["9"], root=lost, retry_of=lost, working=["limited"])
    for number in range(12):
        make.running_job(runner, skus=[str(number)])
    assert len(questions(client)) <= 12


def scans(sql: str) -> set[tuple[str, str]]:
    """(kind, table) of how the planner reads tables for a statement when it may choose."""

    def below(plan: dict[str, object]) -> set[tuple[str, str]]:
        own = {(str(plan["Node Type"]), str(plan["Relation Name"]))} if "Relation Name" in plan else set()
        inner = plan.get("Plans", [])
        assert isinstance(inner, list)
        return own.union(*map(below, inner))

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        said = cursor.fetchone()[0]
    return below((json.loads(said) if isinstance(said, str) else said)[0]["Plan"])


HISTORY = """
INSERT INTO scrape_jobs (id, batch_id, root_id, attempt, skus, scrapers, versions, context, status, error, test_mode,
    turn, run_after, runner_id, lease_seconds, created_at, started_at, completed_at, step, working, wanted, beat_seq,
    done, total, log_head, log_seq, log_counts, log_bodies, log_closed, final_digest)
SELECT own, batch_id, own, 1, skus, scrapers, versions, '{}', 'completed', '', false, moment, moment, runner_id, 45,
    moment, moment, moment, '', '{}', '{}', 0, 8, 8, 0, 0, '{}', '{}', true, ''
FROM (SELECT gen_random_uuid() AS own, now() - n * interval '10 minutes' AS moment, job.*
      FROM scrape_jobs job, generate_series(1, 6000) n WHERE status = 'running') AS made;
INSERT INTO scrape_results (root_id, job_id, sku, scraper, outcome, message, fields, raw, url, milliseconds,
    recorded_at)
SELECT id, id, n || '-' || id, 'acme', 'found', '', '{}', '{}', '', 100, created_at
FROM scrape_jobs, generate_series(1, 8) n WHERE status = 'completed'
"""


def test_no_question_reads_jobs_or_results_from_end_to_end(client: Client) -> None:
    """On 6,000 jobs and 48,000 results, put past the triggers that refuse a job born ended; bench has the millions."""
    scene()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE scrape_jobs DISABLE TRIGGER USER")
        for statement in HISTORY.split(";"):
            cursor.execute(statement)
        cursor.execute("ALTER TABLE scrape_jobs ENABLE TRIGGER USER")
        cursor.execute("SET LOCAL random_page_cost = 1.1")
        cursor.execute("ANALYZE scrape_jobs, scrape_results, scrape_batches")
    for sql in questions(client):
        assert not scans(sql) & {("Seq Scan", "scrape_jobs"), ("Seq Scan", "scrape_results")}, sql
