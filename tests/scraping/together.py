"""What several runners, web processes and staff do at once: each function is one of them, with its own connection."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from pipeline import review
from pipeline.consolidation import backlog
from pipeline.models import Product
from runners.models import Runner
from scraping import claims, doors, jobs, scrapers, sweep
from scraping.models import ScrapeJob, Scraper
from scraping.states import OPEN
from tests import make

API = "/api/scraper/v1/"


@contextmanager
def own_connection() -> Iterator[None]:
    try:
        yield
    finally:
        connection.close()


def poll(secret: str) -> str | None:
    """The id of the job that was lent."""
    with own_connection():
        answer = make.api(secret).post(API + "poll", {"version": "1"}, format="json").json()
        return answer["job"] and str(answer["job"]["job_id"])


def sweep_once(now: datetime) -> int:
    with own_connection():
        return len(sweep.sweep(now=now))


class Life:
    """Somebody who does one thing after the other, drawn from a seed: a runner and a member of staff in one."""

    def __init__(self, seed: int, secret: str, runner: Runner, user: User) -> None:
        self.chance = random.Random(seed)
        self.client: APIClient = make.api(secret)
        self.runner, self.user = runner, user
        self.said: Counter[str] = Counter()
        self.lines: Counter[str] = Counter()

    def live(self, writes: int) -> Counter[str]:
        """Returns how many of each kind it did, and under `status N` what the API answered."""
        with own_connection():
            acts: list[Callable[[], None]] = [self.poll, self.beat, self.log, self.report, self.report, self.end]
            acts += [self.sweep, self.cancel, self.pause, self.limit, self.consolidate, self.edit]
            for _ in range(writes):
                act = self.chance.choice(acts)
                self.said[act.__name__] += 1
                act()
        return self.said

    def post(self, path: str, body: dict[str, Any]) -> None:
        response = self.client.post(API + path, body, format="json")
        self.said[f"status {response.status_code}"] += 1

    def mine(self) -> ScrapeJob | None:
        held = list(ScrapeJob.objects.filter(runner=self.runner, status="running"))
        return self.chance.choice(held) if held else None

    def poll(self) -> None:
        self.post("poll", {"version": "1"})

    def beat(self) -> None:
        held = ScrapeJob.objects.filter(runner=self.runner, status="running")
        said = [{"job_id": str(job.pk), "working": self.some(job.scrapers)} for job in held]
        self.post("heartbeat", {"status": "busy", "jobs": said})

    def log(self) -> None:
        if job := self.mine():
            self.lines[str(job.pk)] += 1
            line = {"message": f"plain {self.runner} {self.lines[str(job.pk)]}"}
            self.post("logs", {"job_id": str(job.pk), "logs": [line]})

    def report(self) -> None:
        if job := self.mine():
            self.post("callback", {"job_id": str(job.pk), "status": "running", "results": {"items": self.items(job)}})

    def end(self) -> None:
        if job := self.mine():
            status, reason = self.chance.choice([("completed", ""), ("failed", "error"), ("failed", "interrupted")])
            body = {"job_id": str(job.pk), "status": status, "reason": reason, "results": {"items": self.items(job)}}
            self.post("callback", body)

    def items(self, job: ScrapeJob) -> list[dict[str, Any]]:
        """Some of its units, in any order."""
        outcomes = ["found", "found", "not_found", "login_failed", "network"]
        units = [(sku, slug) for sku in job.skus for slug in job.scrapers]
        return [
            {"sku": sku, "scraper": slug, "outcome": self.chance.choice(outcomes), "fields": {"name": f"{sku} {slug}"}}
            for sku, slug in self.some(units)
        ]

    def some(self, things: list[Any]) -> list[Any]:
        return self.chance.sample(things, self.chance.randint(0, len(things)))

    def sweep(self) -> None:
        """One job in hand is lost, whosever it is."""
        sweep.sweep()
        running = list(ScrapeJob.objects.filter(status="running").values_list("pk", flat=True))
        if running:
            with doors.transact():
                claims.expire(self.chance.choice(running), now=timezone.now() + timedelta(days=1))

    def cancel(self) -> None:
        open_jobs = list(ScrapeJob.objects.filter(status__in=OPEN).values_list("pk", flat=True))
        if open_jobs and self.chance.random() < 0.3:
            with doors.transact():
                jobs.cancel(self.chance.choice(open_jobs))

    def pause(self) -> None:
        scraper = self.chance.choice(list(Scraper.objects.all()))
        with doors.transact():
            scrapers.pause(scraper, reason="why not")
        with doors.transact():
            scrapers.resume(scraper)

    def limit(self) -> None:
        with doors.transact():
            Scraper.objects.filter(slug="acme").update(max_parallel_jobs=self.chance.choice([None, 2, 3]))
            Runner.objects.filter(pk=self.runner.pk).update(paused=False)

    def consolidate(self) -> None:
        backlog.work(limit=3)

    def edit(self) -> None:
        """Staff settle some products at once, and send one back that is ready for review."""
        ready = list(Product.objects.filter(stage="consolidated").values_list("pk", flat=True))
        with doors.transact():
            review.approve_complete(self.some(ready), by=self.user)
        if ready:
            with doors.transact():
                self.scrape_again(self.chance.choice(ready))

    def scrape_again(self, product: Any) -> None:
        try:
            review.scrape_again(product, by=self.user)
        except review.RefusedError:
            self.said["refused"] += 1
