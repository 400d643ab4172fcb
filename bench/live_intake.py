"""Log lines in: over HTTP with 200 lines a call, beside COPY on one connection, and beside a view that does nothing."""

import http.client
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

from django.db import connection, transaction

from scraping.models import ScrapeJob
from tests import make

OF_COPY, OF_EMPTY = 0.15, 0.4
A_CALL, A_BATCH = 200, 500
ROUNDS, CALLS = 7, 10
COPIED = "job_id, position, seq, level, message, scraper, sku, logged_at, created_at"
SAID = "Looked for 072705115310 at www.acme.test: 1 product page, 7 of 9 fields read, price 12.99, 4 pictures"


class Runner:
    """One client on one connection, with the job it writes to."""

    def __init__(self, place: str, name: str) -> None:
        runner = make.runner(name)
        self.key = make.key(runner)
        self.job = make.running_job(runner, skus=[name])
        self.seq = 0
        self.connection = http.client.HTTPConnection(place, timeout=60)

    def body(self, count: int, said: str = SAID) -> bytes:
        """The next lines, numbered as the agent numbers them."""
        now = datetime.now(UTC).isoformat()
        first, self.seq = self.seq + 1, self.seq + count
        lines = [_line(number, said, now) for number in range(first, self.seq + 1)]
        return json.dumps({"job_id": str(self.job.pk), "logs": lines}).encode()

    def post(self, path: str, body: bytes) -> Any:
        said = {"X-API-Key": self.key, "Content-Type": "application/json"}
        self.connection.request("POST", path, body, said)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return json.loads(content)


def _line(number: int, said: str, now: str) -> dict[str, Any]:
    named = {"scraper": "acme", "sku": "072705115310"}
    return {"level": "info", "message": f"{said} {number}", "timestamp": now, "seq": number, **named}


def compare(place: str) -> bool:
    """Whether our view takes at least its shares of the lines per second of both others."""
    runner = Runner(place, "intake")
    ours = _rate(lambda: _post(runner, "/api/scraper/v1/logs"))
    empty = _rate(lambda: _post(runner, "/empty"))
    copy = _rate(lambda: _copy(make.running_job(runner.job.runner, skus=["copied"])))  # type: ignore[arg-type]
    rounds = [(ours(), empty(), copy()) for _ in range(ROUNDS + 1)][1:]  # the first one warms up
    of_copy, of_empty = median(o / c for o, _, c in rounds), median(o / e for o, e, _ in rounds)
    taken, emptied, copied = (median(side) for side in zip(*rounds, strict=True))
    print(f"log intake, {A_CALL} lines a call: {taken:,.0f} lines/s")
    print(f"    of COPY in {A_BATCH}-row batches, {copied:,.0f} lines/s: {of_copy:.2f} (at least {OF_COPY})")
    print(f"    of the same bytes to an empty view, {emptied:,.0f} lines/s: {of_empty:.2f} (at least {OF_EMPTY})")
    return of_copy >= OF_COPY and of_empty >= OF_EMPTY


def _rate(block: Callable[[], int]) -> Callable[[], float]:
    def measured() -> float:
        start = time.perf_counter()
        return block() / (time.perf_counter() - start)

    return measured


def _post(runner: Runner, path: str) -> int:
    """The bodies are made before the clock of the server starts to matter: making them takes the same time for both."""
    for _ in range(CALLS):
        runner.post(path, runner.body(A_CALL))
    if path == "/empty":
        runner.seq -= CALLS * A_CALL  # nobody has seen them
    return CALLS * A_CALL


def _copy(job: ScrapeJob) -> int:
    now = datetime.now(UTC)
    count = CALLS * A_CALL
    for first in range(1, count + 1, A_BATCH):
        copying = f"COPY scrape_job_logs ({COPIED}) FROM STDIN"
        with transaction.atomic(), connection.cursor() as cursor, cursor.copy(copying) as copy:
            for at in range(first, first + A_BATCH):
                copy.write_row((job.pk, at, at, "info", f"{SAID} {at}", "acme", "072705115310", now, now))
    return count
