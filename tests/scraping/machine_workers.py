"""Runners as the protocol machine knows them: what a process holds and works with, and the messages it sends."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rest_framework.test import APIClient

from runners.models import Runner
from runners.protocol import step
from tests import make

API = "/api/scraper/v1/"
OURS = {"version": "1", "schema_version": 1, "capabilities": ["http"]}


@dataclass(frozen=True)
class Message:
    """One request as it was sent: it may arrive late, twice, or its answer not at all."""

    client: APIClient
    runner: Runner
    path: str
    body: dict[str, Any]

    @property
    def job_id(self) -> str | None:
        return self.body.get("job_id")

    @property
    def ends(self) -> bool:
        return self.path == "callback" and self.body["status"] != "running"

    def send(self) -> tuple[int, dict[str, Any]]:
        if self.path == "job":
            response = self.client.get(API + self.path, self.body)
        else:
            response = self.client.post(API + self.path, self.body, format="json")
        return response.status_code, response.json()


@dataclass
class Hand:
    """A job as its runner's process knows it. `limits` are those its offer named; it asks for room only there."""

    job_id: str
    skus: list[str]
    scrapers: list[str]
    limits: dict[str, int | None] = field(default_factory=dict)
    at_work: set[str] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)
    beats: int = 0
    lines: int = 0
    posts: int = 0
    step: str = ""
    done: int = 0
    ready: bool = False
    cancelled: bool = False
    over: bool = False

    def read(self, offer: dict[str, Any]) -> None:
        """The offer that its work begins with."""
        if self.ready:
            return
        self.limits = {scraper["name"]: scraper.get("max_parallel_jobs") for scraper in offer["scrapers"]}
        self.beats = offer["beats"] + 1000
        self.ready = True

    def units(self) -> list[tuple[str, str]]:
        return [(sku, scraper) for scraper in self.scrapers for sku in self.skus]

    def progress(self) -> dict[str, Any]:
        self.beats += 1
        said = {"job_id": self.job_id, "step": self.step, "done": self.done, "total": 99}
        return said | {"working": sorted(self.at_work | self.wanted), "seq": self.beats}


class Worker:
    """A runner's process. What it holds outlives it, as in its spool; what it works with does not."""

    def __init__(self, name: str, *, allowed: list[str] | None, plain: bool = False) -> None:
        self.runner = make.runner(name)
        self.allowed = allowed
        self.plain = plain
        self.hands: dict[str, Hand] = {}
        self.get_key()

    def get_key(self) -> None:
        self.client = make.api(make.key(self.runner, scrapers=self.allowed))
        self.revoked = False

    def held(self) -> Iterator[Hand]:
        return (hand for hand in self.hands.values() if not hand.over)

    def message(self, path: str, **body: Any) -> Message:
        return Message(self.client, self.runner, path, body)

    def take(self, offer: dict[str, Any]) -> Hand:
        hand = Hand(offer["job_id"], offer["skus"], [scraper["name"] for scraper in offer["scrapers"]])
        self.hands[hand.job_id] = hand
        if self.plain:
            hand.read(offer)
            hand.at_work = set(hand.scrapers)
        return hand

    def drop(self, job_id: str) -> None:
        if hand := self.hands.get(job_id):
            hand.over = True
            hand.at_work, hand.wanted = set(), set()

    def stop(self) -> None:
        """Killed, or told by the server that its key is no good."""
        for hand in self.hands.values():
            hand.at_work, hand.wanted, hand.ready = set(), set(), False

    def hear(self, message: Message, status: int, answer: dict[str, Any]) -> None:
        """What a process does with an answer."""
        if status == 403:
            self.stop()
        elif status == 409 or (status == 200 and message.ends):
            self.drop(str(message.job_id))
        elif status == 200:
            getattr(self, f"_hear_{message.path}")(message, answer)

    def _hear_poll(self, message: Message, answer: dict[str, Any]) -> None:
        for job_id, word in (answer.get("held") or {}).items():
            if word == "lost":
                self.drop(job_id)
        if answer["job"]:
            self.take(answer["job"])

    def _hear_job(self, message: Message, answer: dict[str, Any]) -> None:
        if hand := self.hands.get(answer["job_id"]):
            hand.read(answer)

    def _hear_heartbeat(self, message: Message, answer: dict[str, Any]) -> None:
        for job_id, word in answer["jobs"].items():
            if word == "lost":
                self.drop(job_id)
            elif word == "cancel" and job_id in self.hands:
                self.hands[job_id].cancelled = True
        for said in message.body["jobs"]:
            hand = self.hands[said["job_id"]]
            granted = hand.wanted & set(said["working"]) - set(answer.get("wait", {}).get(hand.job_id, []))
            hand.at_work |= granted
            hand.wanted -= granted

    def _hear_logs(self, message: Message, answer: dict[str, Any]) -> None:
        if hand := self.hands.get(str(message.job_id)):
            assert answer.get("acked", 0) <= hand.lines

    def _hear_callback(self, message: Message, answer: dict[str, Any]) -> None:
        if answer.get("cancel") and (hand := self.hands.get(str(message.job_id))):
            hand.cancelled = True


def begin(hand: Hand, scraper: str) -> None:
    """As our runner begins with a scraper: at once where its offer names no limit, else once a beat was answered."""
    if hand.limits.get(scraper) is None:
        hand.at_work.add(scraper)
    elif scraper not in hand.at_work:
        hand.wanted.add(scraper)


def step_of(sku: str, scraper: str) -> str:
    return step.write(scraper=scraper, sku=sku)
