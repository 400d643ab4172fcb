"""Jobs under every fault there is, with the settings as they come: what was lost, doubled, stuck, how soon it showed.

`python bench/faults.py` starts PostgreSQL, a web server, the demo's three sites and four runners behind a proxy that
harms one exchange in 25, and keeps them at work while a runner is killed, another one stands still for two minutes,
PostgreSQL is ended without a word, and the web server is away for ten minutes. It ends with 1 unless all went well.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from baystate.demo import environment

os.environ["BAYSTATE_VAR"] = tempfile.mkdtemp(prefix="baystate-faults-")
environment.prepare([], os.environ)
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import Error, connections, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from baystate.database import cluster  # noqa: E402
from baystate.demo import register, seed, stage  # noqa: E402
from baystate.demo.alone import empty  # noqa: E402
from baystate.demo.children import Child, Children  # noqa: E402
from baystate.demo.signals import Signals  # noqa: E402
from baystate.demo.sites.shop import catalog  # noqa: E402
from baystate.demo.stage import Stage  # noqa: E402
from runners import keys  # noqa: E402
from runners.models import Runner  # noqa: E402
from scraping import jobs  # noqa: E402
from scraping.models import ScrapeBatch, ScrapeJob, ScrapeJobLog, ScrapeResult  # noqa: E402
from tests.faults import ledger  # noqa: E402
from tests.faults.proxy import Exchange, Fault, Proxy  # noqa: E402

RUNNERS = 4
SKUS = 160  # of a batch: about 25 s for each of its four jobs
STOPPED = 120.0
DETECTION_ALLOWED = 60.0
SERVES_AGAIN_ALLOWED = 10.0
ONE_IN = 25
SEEN = {"found", "not_found", "ambiguous", "layout_changed"}
HARMS = [Fault.DROP, Fault.RESET_AFTER_REQUEST, Fault.RESET_BEFORE_REPLY, Fault.CUT_REPLY, Fault.DUPLICATE, Fault.DELAY]
ASKED = re.compile(r'"GET (\S+) HTTP')


@dataclass
class Trial:
    """What is under way, and what was measured."""

    children: Children
    sites: dict[str, str]
    port: int
    proxy: Proxy
    keys: list[str]
    runners: list[Child] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    given: int = 0
    feeding: bool = True
    began: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        return settings.VAR_DIR

    def say(self, sentence: str) -> None:
        print(f"{time.monotonic() - self.began:6.0f} s  {sentence}", flush=True)

    def wait(self, reached: Callable[[], object], *, seconds: float, otherwise: str) -> float:
        """Look until it is so, and see to it that there is always work; returns the seconds that took."""
        began, pause = time.monotonic(), threading.Event()
        while not asked(reached):
            if time.monotonic() - began > seconds:
                raise SystemExit(f"not within {seconds:.0f} s: {otherwise}. The logs are in {self.children.logs}.")
            if self.feeding:
                asked(self.feed)
            pause.wait(0.2)
        return time.monotonic() - began

    def rest(self, seconds: float) -> None:
        """Let that much time pass, with work for all."""
        until = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= until, seconds=seconds + 60, otherwise="time stands still")

    def feed(self) -> bool:
        """Four more jobs as soon as fewer than two wait."""
        if ScrapeJob.objects.filter(status="pending").count() < 2:
            skus = [f"{number:012}" for number in range(self.given, self.given + SKUS)]
            skus += [] if self.given else sold()
            with transaction.atomic():
                jobs.create_batch(skus=skus, scrapers=list(self.sites), max_runners=4, context={}, by=None)
            self.given += SKUS
        return True

    def start_web(self) -> None:
        told = dict(os.environ) | {"BAYSTATE_PORT": str(self.port), "BAYSTATE_LOG_LEVEL": "INFO"}
        name = f"web server {sum(child.name.startswith('web') for child in self.children) + len(self.figures)}"
        self.web = self.children.start(name, [sys.executable, "manage.py", "serve"], environment=told)
        self.wait(self.answers, seconds=60, otherwise="the web server did not answer")

    def answers(self) -> bool:
        """Does a beat of the key that no runner has get through to the database and back?"""
        beat = Request(
            f"http://127.0.0.1:{self.port}/api/scraper/v1/heartbeat",
            data=b'{"status": "idle"}',
            headers={"X-API-Key": self.keys[-1], "Content-Type": "application/json"},
        )
        try:
            with urlopen(beat, timeout=10) as answer:
                return bool(answer.status == 200)
        except (HTTPError, OSError):
            return False

    def start_runner(self, number: int, *, life: str = "") -> Child:
        spool = self.folder / "spool" / f"{number}.sqlite3"
        command = [sys.executable, "manage.py", "run_scraper", "--spool", str(spool), "--poll-seconds", "1"]
        told = environment.shell() | {
            "BAYSTATE_URL": self.proxy.url,
            "BAYSTATE_API_KEY": self.keys[number],
            "BAYSTATE_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
        }
        return self.children.start(f"runner {number}{life}", command, environment=told)


def sold() -> list[str]:
    """SKUs that the register knows and whose pages have no misfortunes, which would have them asked for again."""
    rows = [row for site in ("acme", "bradley", "coastal") for row in catalog(site)]
    unlucky = {row[name] for row in rows if row["quirk"] for name in ("sku", "upc", "item", "barcode") if row.get(name)}
    return [row["SKU_NO"] for row in register.products() if row["SKU_NO"] not in unlucky]


def asked(question: Callable[[], object]) -> object:
    """The database's answer; None while it has none."""
    try:
        return question()
    except Error:
        connections.close_all()
        return None


def harming() -> Callable[[Exchange], Fault | None]:
    chance = random.Random(4711)
    return lambda exchange: chance.choice(HARMS) if chance.random() < 1 / ONE_IN else None


@contextmanager
def on_stage() -> Iterator[Trial]:
    """Database, sites, web server, proxy and runners, all at work; their folder stays where something went wrong."""
    with Children(settings.VAR_DIR / "log") as children:
        scene = Stage(children, Signals())
        stage.open_sites(scene)
        call_command("migrate", database="direct", verbosity=0)
        by = User.objects.create_user("bench")
        with transaction.atomic():
            seed.plant_scrapers(scene.sites, by=by)
        made = [Runner.objects.create(name=str(number)) for number in range(RUNNERS + 1)]
        secrets = [keys.issue(runner, allowed_scrapers=None, by=by)[1] for runner in made]
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        trial = Trial(children, dict(scene.sites), port, Proxy(port), secrets)
        trial.start_web()
        trial.proxy.rule = harming()
        trial.runners = [trial.start_runner(number) for number in range(RUNNERS)]
        yield trial


def at_work(trial: Trial, number: int) -> ScrapeJob | None:
    """The job that this runner is in the midst of."""
    held = ScrapeJob.objects.filter(runner__name=str(number), status="running", done__gte=20)
    return next((job for job in held if job.total - job.done > 40), None)


def in_the_midst(trial: Trial, number: int) -> ScrapeJob:
    found: list[ScrapeJob | None] = []

    def looked() -> bool:
        found.append(at_work(trial, number))
        return found[-1] is not None

    trial.wait(looked, seconds=240, otherwise=f"runner {number} never was in the midst of a job")
    assert found[-1] is not None
    return found[-1]


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
