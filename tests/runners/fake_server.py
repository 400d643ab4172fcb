"""A BayState server as runner-api describes it, in memory, with faults a test puts in."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.runners.wire import Asked, Reply, Wire, answer

KEY = "bsr_" + "k" * 43
NOW = "2026-11-22T12:00:00Z"


def error(status: int, code: str, **details: Any) -> Reply:
    return answer({"error": f"sentence of {code}", "code": code, "details": details}, status)


class FakeServer:
    """One job at most. `before` may answer in its stead; `after` may change an answer once all is stored."""

    def __init__(self) -> None:
        self.job: dict[str, Any] | None = None
        self.claimed = False
        self.acknowledged = False
        self.words: list[dict[str, Any]] = []
        self.units: dict[tuple[str, str], dict[str, Any]] = {}
        self.lines: list[dict[str, Any]] = []
        self.beats: list[dict[str, Any]] = []
        self.secrets: dict[str, dict[str, str]] = {}
        self.beat_answer: dict[str, str] = {}
        self.held: dict[str, str] = {}
        self.no_room: set[str] = set()
        self.told: list[str] = []
        self.recorded = threading.Condition()
        self.before: Callable[[Asked], Reply | None] = lambda asked: None
        self.after: Callable[[Asked, Reply], Reply] = lambda asked, reply: reply
        self.wire = Wire(self._reply)

    def offer(self, *definitions: dict[str, Any], skus: list[str], **more: Any) -> None:
        """Have a job waiting for these scrapers."""
        scrapers = [{"name": document["slug"], "definition": document, "version": 1} for document in definitions]
        self.job = {"job_id": "job-1", "skus": skus, "scrapers": scrapers, "test_mode": False, **more}
        self.claimed = False

    @property
    def ending(self) -> dict[str, Any]:
        return self.words[-1]

    def outcomes(self) -> dict[tuple[str, str], str]:
        return {unit: item["outcome"] for unit, item in self.units.items()}

    def messages(self) -> list[str]:
        return [line["message"] for line in self.lines]

    def wait_for(self, happened: Callable[[], bool]) -> None:
        with self.recorded:
            assert self.recorded.wait_for(happened, 10)

    def _reply(self, asked: Asked) -> Reply:
        with self.recorded:
            reply = self.before(asked) or self.after(asked, self._serve(asked))
            self.recorded.notify_all()
        return reply

    def _serve(self, asked: Asked) -> Reply:
        if asked.headers.get("X-API-Key") != KEY:
            return error(401, "unauthorized")
        name = asked.path.rpartition("/")[2]
        serve: Callable[[Asked], Reply] = getattr(self, f"_{name}")
        return serve(asked)

    def _poll(self, asked: Asked) -> Reply:
        held = {job_id: self.held.get(job_id, "lost") for job_id in asked.json.get("holding") or []}
        if {"keep", "cancel"} & set(held.values()):
            return answer({"job": None, "held": held})
        wanted = asked.json.get("job_id")
        if self.job is None or self.claimed or wanted not in {None, self.job["job_id"]}:
            return answer({"job": None})
        self.claimed = True
        return answer({"job": self.job})

    def _job(self, asked: Asked) -> Reply:
        if self.job is None or asked.query["job_id"] != self.job["job_id"]:
            return error(404, "unknown_job")
        self.acknowledged = True
        return answer(self.job)

    def _heartbeat(self, asked: Asked) -> Reply:
        self.beats.append(asked.json)
        seconds = (self.job or {}).get("heartbeat_seconds", 10)
        jobs = {beat["job_id"]: self.beat_answer.get(beat["job_id"], "ok") for beat in asked.json["jobs"]}
        self.told += jobs.values()
        wait = {beat["job_id"]: sorted(self.no_room & set(beat.get("working") or [])) for beat in asked.json["jobs"]}
        return answer(
            {"acknowledged": True, "timestamp": NOW, "jobs": jobs, "wait": wait, "heartbeat_seconds": seconds}
        )

    def _credentials(self, asked: Asked) -> Reply:
        secrets = self.secrets.get(asked.query["scraper"])
        return answer(secrets) if secrets else error(404, "no_credentials")

    def _logs(self, asked: Asked) -> Reply:
        stored = 0
        for line in asked.json["logs"]:
            head = self.head
            if line["seq"] > head + 1:
                return error(416, "gap", expected=head + 1)
            if line["seq"] == head + 1:
                self.lines.append(line)
                stored += 1
        return answer({"success": True, "count": stored, "acked": self.head})

    @property
    def head(self) -> int:
        last = self.lines[-1] if self.lines else {"seq": 0}
        return int(last.get("through") or last["seq"])

    def _callback(self, asked: Asked) -> Reply:
        word = asked.json
        if self.words and self.ending["status"] != "running":
            return answer({"success": True}) if word == self.ending else error(409, "finished")
        items = (word.get("results") or {}).get("items") or []
        recorded = 0
        for item in items:
            recorded += (item["sku"], item["scraper"]) not in self.units
            self.units.setdefault((item["sku"], item["scraper"]), item)
        self.words.append(word)
        return answer({"success": True, "recorded": recorded, "remaining": 0})


@contextmanager
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    try:
        yield fake
    finally:
        fake.wire.close()
