"""What is at work while bench/faults.py does its faults: database, sites, web server, proxy and four runners."""

from __future__ import annotations

import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
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

from baystate.demo import register, seed, stage  # noqa: E402
from baystate.demo.children import Child, Children  # noqa: E402
from baystate.demo.signals import Signals  # noqa: E402
from baystate.demo.sites.shop import catalog  # noqa: E402
from baystate.demo.stage import Stage  # noqa: E402
from runners import keys  # noqa: E402
from runners.models import Runner  # noqa: E402
from scraping import jobs  # noqa: E402
from scraping.models import ScrapeJob  # noqa: E402
from tests.faults.proxy import Exchange, Fault, Proxy  # noqa: E402

RUNNERS = 4
SKUS = 160  # of a batch: about 25 s for each of its four jobs
ONE_IN = 25
HARMS = [Fault.DROP, Fault.RESET_AFTER_REQUEST, Fault.RESET_BEFORE_REPLY, Fault.CUT_REPLY, Fault.DUPLICATE, Fault.DELAY]


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
