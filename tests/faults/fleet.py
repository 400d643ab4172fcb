"""Sets a stage for faults: a site with a scraper, a proxy before the server, runners, and a batch for them."""

import shutil
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction

from scraping import credentials, jobs
from scraping.models import ScrapeBatch, ScrapeJob
from tests import make
from tests.faults import ledger
from tests.faults.processes import DURATIONS, RunnerProcess, WebServer
from tests.faults.proxy import Proxy
from tests.faults.waiting import until
from tests.runners.shop import PASSWORD, USER, Shop
from tests.runners.wire import Asked, Reply


class Fleet:
    """Everything is named after `number`, for the tests share a database."""

    def __init__(self, web: WebServer, folder: Path, *, number: int) -> None:
        self.web = web
        self.proxy = Proxy(web.port)
        self.shop = Shop(login=False)
        self.slug = f"shop-{number}"
        self.runners: list[RunnerProcess] = []
        self._folder = folder
        self._gates: list[Gate] = []

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=int(DURATIONS["BAYSTATE_LEASE_SECONDS"]))

    def runner(self, *more: str, **environment: str) -> RunnerProcess:
        """One that may run this stage's scraper alone; not started yet. Its name in the database is its folder's."""
        name = f"{self.slug}-runner-{len(self.runners) + 1}"
        key = make.key(make.runner(name), scrapers=[self.slug])
        made = RunnerProcess(self._folder / name, self.proxy.url, key, *more, **environment)
        self.runners.append(made)
        return made

    def batch(self, skus: int = 6, *, jobs_: int = 1, login: bool = False, **more: object) -> ScrapeBatch:
        """A batch of so many SKUs, every other of which the site has; `more` replaces parts of the definition."""
        self.shop.login = login
        scraper = make.scraper(self.slug, definition=self.shop.definition(**more))
        if login:
            credentials.store(scraper, {"username": USER, "password": PASSWORD})
        return self.another_batch(skus, jobs_=jobs_)

    def another_batch(self, skus: int, *, jobs_: int = 1) -> ScrapeBatch:
        """The same once more, for the same scraper; the SKUs are asked for anew."""
        numbers = [self.sku(number) for number in range(1, skus + 1)]
        self.shop.products = {sku: f"Feed {sku}" for sku in numbers[::2]}
        with transaction.atomic():
            made = jobs.create_batch(skus=numbers, scrapers=[self.slug], max_runners=jobs_, context={}, by=None)
        assert made.batch is not None
        return made.batch

    def sku(self, number: int) -> str:
        """The batch's SKU of this number, from 1."""
        return f"{self.slug}-{number:03}"

    def hold(self, number: int) -> "Gate":
        """From now on the site answers a search for this SKU only once the gate is open."""
        gate = Gate(self.sku(number))
        self._gates.append(gate)
        before = self.shop.special
        self.shop.special = lambda asked: gate.hold(asked) or before(asked)
        return gate

    def searched(self) -> Counter[str]:
        """How often the site was asked for each SKU."""
        return Counter(asked.query["q"] for asked in list(self.shop.wire.asked) if "q" in asked.query)

    def spooled(self, runner: RunnerProcess) -> int:
        """Units that wait in the runner's spool: read from a copy, for the file is the runner's alone."""
        with TemporaryDirectory() as place:
            for file in runner.spool.parent.glob(f"{runner.spool.name}*"):
                shutil.copy(file, place)
            with closing(sqlite3.connect(Path(place) / runner.spool.name)) as copy:
                return int(copy.execute("SELECT count(*) FROM thing WHERE kind = 'unit'").fetchone()[0])

    def finish(self, batch: ScrapeBatch, *, seconds: float = 40) -> None:
        """Wait for the batch's end; nothing of it may be lost, doubled or open then."""
        until(lambda: ledger.ended(batch), seconds=seconds, otherwise=lambda: self.told(batch))
        assert ledger.faults(batch) == [], self.told(batch)

    def told(self, batch: ScrapeBatch) -> str:
        """All that helps to see why a test failed."""
        logs = "\n".join(f"--- {runner.log}\n{runner.said}" for runner in self.runners if runner.log.exists())
        return f"{ledger.story(batch)}\n{logs}\n--- web\n{self.web.said[-4000:]}"

    def close(self) -> None:
        """End all that was started; jobs that nobody finished end as well, so that they trouble no other test."""
        for gate in self._gates:
            gate.open.set()
        for runner in self.runners:
            runner.kill()
        self.proxy.close()
        self.shop.wire.close()
        for job in ScrapeJob.objects.filter(scrapers=[self.slug], status__in=["pending", "running"]):
            with transaction.atomic():
                jobs.cancel(job.pk)


class Gate:
    """Holds one SKU's search back: `reached` once somebody asks, until `open`."""

    def __init__(self, sku: str) -> None:
        self.sku = sku
        self.reached = threading.Event()
        self.open = threading.Event()

    def hold(self, asked: Asked) -> Reply | None:
        if asked.query.get("q") == self.sku:
            self.reached.set()
            self.open.wait(60)
        return None
