"""The cycle poll → job → callback over HTTP with 8 clients: our doors, and an empty view behind the same daphne."""

import asyncio
import http.client
import json
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from procrastinate import PsycopgConnector
from procrastinate.contrib.django.utils import connector_params
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from rest_framework.test import APIClient

from scraping.models import ScrapeBatch, ScrapeJob
from tests import make, web

ALLOWED = 0.6
CLIENTS, ROUNDS, CYCLES = 8, 7, 80
OURS, EMPTY = "/api/scraper/v1/", "/empty/"
POLL = {"version": "0.1", "schema_version": 1, "capabilities": ["http"]}


@dataclass
class Client:
    """One runner on one connection; a plain one of the standard library, so that it costs little beside the server."""

    connection: http.client.HTTPConnection
    key: str

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        said = {"X-API-Key": self.key, "Content-Type": "application/json"}
        self.connection.request(method, path, json.dumps(body) if body else None, said)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return json.loads(content)

    def cycle(self, doors: str) -> None:
        job = self.ask("POST", f"{doors}poll", POLL)["job"]
        self.ask("GET", f"{doors}job?job_id={job['job_id']}")
        self.ask("POST", f"{doors}callback", ending(job))


def ending(job: dict[str, Any]) -> dict[str, Any]:
    """The last word about a job of one unit, with its result."""
    fields = {"name": "Gold Fish", "price": 3.99, "brand": "Acme", "images": ["https://www.acme.test/1.jpg"]}
    item = {"sku": job["skus"][0], "scraper": "acme", "outcome": "found", "fields": fields, "milliseconds": 700}
    return {"job_id": job["job_id"], "status": "completed", "results": {"items": [item]}}


def compare() -> bool:
    """Whether our doors keep at least `ALLOWED` of the empty view's cycles per second."""
    make.scraper("acme")
    keys = [make.key(make.runner(f"http-{number}")) for number in range(CLIENTS)]
    fill((ROUNDS + 1) * CYCLES + 1)
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.json"
        answers.write_text(json.dumps(sample(keys[0])))
        own = {"BENCH_SERVED": str(answers), "PYTHONPATH": str(Path(__file__).parent)}
        with web.daphne(own) as url:
            clients = [Client(http.client.HTTPConnection(urlsplit(url).netloc, timeout=60), key) for key in keys]
            rounds, cost = alternate(clients)
    ours, empty, share = (median(side) for side in zip(*rounds, strict=True))
    print(f"HTTP cycle, {CLIENTS} clients: empty {empty:.0f}/s, ours {ours:.0f}/s: {share:.2f} (at least {ALLOWED})")
    print(
        f"    the clients take {cost:.0%} of one core; procrastinate's own cycle, no HTTP: {asyncio.run(peer()):.0f}/s"
    )
    return bool(share >= ALLOWED)


def fill(count: int) -> None:
    batch = ScrapeBatch.objects.create(scrapers=["acme"], sku_count=count, max_runners=1)
    made = [ScrapeJob(batch=batch, skus=[f"{number:012d}"], scrapers=["acme"], total=1) for number in range(count)]
    for job in made:
        job.root = job
    ScrapeJob.objects.bulk_create(made, batch_size=1000)


def sample(key: str) -> dict[str, Any]:
    """One real cycle's answers, which the empty view repeats."""
    api = APIClient(headers={"X-API-Key": key, "Host": "127.0.0.1"})
    job = api.post(f"{OURS}poll", POLL, format="json").json()
    again = api.get(f"{OURS}job", {"job_id": job["job"]["job_id"]}).json()
    last = api.post(f"{OURS}callback", ending(job["job"]), format="json").json()
    return {"poll": job, "job": again, "callback": last}


def alternate(clients: list[Client]) -> tuple[list[tuple[float, float, float]], float]:
    """Cycles per second of ours, of the empty view, and their ratio, round by round; the clients' share of a core."""
    rounds = []
    with ThreadPoolExecutor(CLIENTS) as threads:
        block(threads, clients, OURS), block(threads, clients, EMPTY)
        start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        for _ in range(ROUNDS):
            ours, empty = block(threads, clients, OURS), block(threads, clients, EMPTY)
            rounds.append((ours, empty, ours / empty))
        now = resource.getrusage(resource.RUSAGE_SELF)
    spent = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return rounds, spent / (time.perf_counter() - start)


def block(threads: ThreadPoolExecutor, clients: list[Client], doors: str) -> float:
    def work(client: Client) -> None:
        for _ in range(CYCLES // CLIENTS):
            client.cycle(doors)

    start = time.perf_counter()
    list(threads.map(work, clients))
    return CYCLES / (time.perf_counter() - start)


async def peer() -> float:
    """Procrastinate's defer → fetch → finish with as many clients, straight at the database."""
    async with AsyncExitStack() as stack:
        connector = PsycopgConnector(kwargs=connector_params("direct"), min_size=CLIENTS, max_size=CLIENTS)
        await connector.open_async()
        stack.push_async_callback(connector.close_async)
        manager = JobManager(connector)
        worker = await manager.register_worker()

        async def work() -> None:
            for _ in range(CYCLES):
                await manager.defer_job_async(Job(queue="bench", lock=None, queueing_lock=None, task_name="bench"))
                while not (job := await manager.fetch_job(["bench"], worker)):
                    pass  # all that waited were locked by others just then
                await manager.finish_job(job, Status.SUCCEEDED, delete_job=False)

        start = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(CLIENTS)))
        return CYCLES * CLIENTS / (time.perf_counter() - start)
