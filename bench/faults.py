"""Jobs under every fault there is, with the settings as they come: what was lost, doubled, stuck, how soon it showed.

`python bench/faults.py` starts PostgreSQL, a web server, the demo's three sites and four runners behind a proxy that
harms one exchange in 25, and keeps them at work while a runner is killed, another one stands still for two minutes,
PostgreSQL is ended without a word, and the web server is away for ten minutes. It ends with 1 unless all went well.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sqlite3
import sys
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

from faults_trial import Trial, at_work, in_the_midst, on_stage  # isort: skip - it sets Django up
from django.conf import settings
from django.db import connections
from django.utils import timezone

from baystate.database import cluster
from baystate.demo.alone import empty
from scraping.models import ScrapeBatch, ScrapeJob, ScrapeJobLog, ScrapeResult
from tests.faults import ledger

STOPPED = 120.0
DETECTION_ALLOWED = 60.0
SERVES_AGAIN_ALLOWED = 10.0
SEEN = {"found", "not_found", "ambiguous", "layout_changed"}
ASKED = re.compile(r'"GET (\S+) HTTP')


def kill_a_runner(trial: Trial) -> None:
    job = in_the_midst(trial, 0)
    trial.children.kill("runner 0")
    killed = timezone.now()
    heir = ScrapeJob.objects.filter(retry_of=job)
    trial.wait(heir.exists, seconds=150, otherwise=f"job {job.short} has no successor")
    found = heir.get()
    trial.figures["detection"] = (max(found.created_at, found.run_after) - killed).total_seconds()
    trial.start_runner(0, life=" again")
    trial.say(f"runner 0 killed in job {job.short}; open SKUs claimable after {trial.figures['detection']:.1f} s")


def stop_a_runner(trial: Trial) -> None:
    job = in_the_midst(trial, 1)
    pid = trial.runners[1].process.pid
    os.kill(pid, signal.SIGSTOP)
    trial.rest(STOPPED)
    os.kill(pid, signal.SIGCONT)
    trial.say(f"runner 1 stood still for {STOPPED:.0f} s in job {job.short}")
    trial.wait(lambda: at_work(trial, 1), seconds=240, otherwise="runner 1 did not go on")
    trial.say("runner 1 is at work again, in another job")


def restart_postgres(trial: Trial) -> None:
    in_the_midst(trial, 2)
    data = settings.DATABASES["default"]["EMBEDDED"]["data"]
    server = cluster.postmaster(data)
    assert server is not None
    server.send_signal(signal.SIGQUIT)
    cluster.ended(server, seconds=30)
    trial.wait(lambda: cluster.ready(data), seconds=60, otherwise="PostgreSQL did not come back")
    trial.figures["serves again"] = trial.wait(trial.answers, seconds=120, otherwise="the server did not serve again")
    trial.say(
        f"PostgreSQL ended without a word; the server serves {trial.figures['serves again']:.1f} s after it is back"
    )


def take_the_server_away(trial: Trial, seconds: float) -> None:
    held = [in_the_midst(trial, number) for number in (2, 3)]
    trial.children.kill(trial.web.name)
    trial.say(f"web server killed for {seconds:.0f} s")
    trial.rest(seconds / 2)
    trial.children.kill("runner 3")
    trial.start_runner(3, life=" again")
    trial.rest(seconds / 2)
    trial.start_web()
    trial.wait(
        lambda: all(ScrapeJob.objects.get(pk=job.pk).ended for job in held),
        seconds=240,
        otherwise="the jobs of before the outage did not end",
    )
    kept = sum(ScrapeJob.objects.get(pk=job.pk).status == "completed" for job in held)
    trial.figures["kept"] = kept
    trial.say(f"web server back; {kept} of {len(held)} jobs held through it were completed by their own runners")


def unsent(trial: Trial) -> int:
    """Results and lines that runners, ended in good order, left in their spools."""
    left = 0
    for file in sorted((trial.folder / "spool").glob("*.sqlite3")):
        with sqlite3.connect(file) as spool:
            left += spool.execute("SELECT count(*) FROM thing").fetchone()[0]
    return left


def fetched(trial: Trial) -> Counter[tuple[str, str]]:
    """How often each site was searched for each SKU, as its own access log says."""
    counted: Counter[tuple[str, str]] = Counter()
    for site in trial.sites:
        log = (trial.children.logs / f"site-{site}.log").read_text("utf-8", "replace")
        for path in ASKED.findall(log):
            counted.update((site, value) for _name, value in parse_qsl(urlsplit(path).query))
    return counted


def explained() -> Counter[tuple[str, str]]:
    """How often a site may have been searched for a SKU: once by each job that had this unit to do."""
    before: dict[object, set[tuple[str, str]]] = {}
    allowed: Counter[tuple[str, str]] = Counter()
    for job in ScrapeJob.objects.filter(started_at__isnull=False).order_by("created_at"):
        done = before.setdefault(job.root_id, set())
        allowed.update({(slug, sku) for slug in job.scrapers for sku in job.skus} - done)
        done |= set(ScrapeResult.objects.filter(job=job).values_list("scraper", "sku"))
    return allowed


def judge(trial: Trial) -> bool:
    """Print the figures; whether all is as it must be."""
    wrong = [fault for batch in ScrapeBatch.objects.all() for fault in ledger.faults(batch)]
    searches, allowed = fetched(trial), explained()
    results = list(ScrapeResult.objects.values_list("scraper", "sku", "outcome"))
    never = [unit for *unit, outcome in results if outcome in SEEN and not searches[(unit[0], unit[1])]]
    silent = sum(outcome == "unreported" for *_unit, outcome in results)
    often = {unit: count for unit, count in (searches - allowed).items() if unit in allowed}
    lost = sum(fault.startswith("lost") for fault in wrong) + len(never) + silent
    doubled = len(wrong) - sum(fault.startswith("lost") for fault in wrong) + len(often)
    stuck = ScrapeJob.objects.filter(status__in=["pending", "running"]).count() + unsent(trial)
    harmed = sum(fault is not None for _exchange, fault in trial.proxy.seen)
    reasons = Counter(ScrapeJob.objects.filter(status="failed").values_list("reason", flat=True))
    for fault in [*wrong[:20], *(f"searched too often: {unit}" for unit in list(often)[:20]), *map(str, never[:20])]:
        print(f"  {fault}")
    print(f"units {len(results)}: {dict(Counter(outcome for *_unit, outcome in results))}")
    print(f"jobs {ScrapeJob.objects.count()}, failed and gone on with: {dict(reasons)}")
    print(f"log lines {ScrapeJobLog.objects.count()}; searches at sites {sum(searches[unit] for unit in allowed)}")
    print(f"exchanges {len(trial.proxy.seen)}, harmed {harmed}")
    print(f"the server serves again {trial.figures['serves again']:.1f} s after PostgreSQL is back")
    print(f"lost {lost}, doubled {doubled}, stuck {stuck}, detection {trial.figures['detection']:.0f} s")
    slow = trial.figures["detection"] > DETECTION_ALLOWED or trial.figures["serves again"] > SERVES_AGAIN_ALLOWED
    return not (lost or doubled or stuck or slow)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outage", type=float, default=600, help="seconds for which the web server is away (600)")
    outage: float = parser.parse_args().outage
    print(
        json.dumps({name: getattr(settings, name) for name in ("LEASE_SECONDS", "HEARTBEAT_SECONDS", "SWEEP_SECONDS")})
    )
    with on_stage() as trial:
        kill_a_runner(trial)
        stop_a_runner(trial)
        restart_postgres(trial)
        take_the_server_away(trial, outage)
        trial.feeding = False
        still_open = ScrapeJob.objects.filter(status__in=["pending", "running"])
        trial.wait(lambda: not still_open.exists(), seconds=900, otherwise="jobs are stuck")
        trial.proxy.rule = lambda exchange: None
        for child in [child for child in trial.children if child.name.startswith("runner")]:
            child.process.send_signal(signal.SIGTERM)
            child.process.wait(60)
        good = judge(trial)
        trial.proxy.close()
    if good:
        connections.close_all()
        empty(settings.VAR_DIR)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
