"""The runner's life: ask for a job, do it, ask again."""

import logging
import sys
import threading
from collections.abc import Callable
from typing import Final, TypeVar

from runners.agent import job
from runners.agent.answers import Away, JobOver, KeyRefused, Refused
from runners.agent.client import until_answered
from runners.agent.heart import Heart
from runners.agent.held import Held
from runners.agent.scrape import Tools
from runners.protocol.definition import SCHEMA_VERSION
from runners.protocol.messages import Heartbeat, HeartbeatAnswer, JobOffer, PollRequest
from runners.protocol.words import RunnerStatus

console = logging.getLogger(__name__)
VERSION: Final = "0.1.0"
CAPABILITIES: Final = ["http"]
_Result = TypeVar("_Result")


class NoSuchJob(LookupError):  # noqa: N818
    """The one job asked for is not waiting, or this key may not have it."""


class Runner:
    """One process's work for one server. `stop` may be called from any thread."""

    def __init__(self, tools: Tools, *, poll_seconds: float = 5.0, grace: float = 30.0) -> None:
        """`poll_seconds`: between two questions for a job; `grace`: to end in once told to stop."""
        self._tools = tools
        self._client = tools.client
        self._poll_seconds = poll_seconds
        self._grace = grace
        self._stopping = threading.Event()
        self._refusal: KeyRefused | None = None
        self._held: Held | None = None
        self._completed = 0
        self._away = False
        self._heart = Heart(self._client, say=self._beat, hear=self._hear, refused=self._refused)

    def run(self, *, once: bool = False, job_id: str | None = None) -> None:
        """Work until told to stop; with `once` or `job_id` until one job has ended.

        Raises KeyRefused, NoSuchJob, or Refused where the server cannot read our messages.
        """
        console.info("asking %s for jobs", self._client.url)
        self._heart.start()
        try:
            while not self._stopping.is_set():
                offer = self._claim(job_id)
                if offer:
                    self._do(offer)
                    if once or job_id:
                        break
                else:
                    self._stopping.wait(self._poll_seconds)
        except Away:
            console.info("stopped while the server was away")
        finally:
            self._heart.close()
        if self._refusal:
            raise self._refusal

    def stop(self) -> None:
        """Finish the unit in hand, hand the rest back, leave."""
        self._stopping.set()
        if held := self._held:
            held.stop()

    def _claim(self, job_id: str | None) -> JobOffer | None:
        request = PollRequest(
            version=VERSION, schema_version=SCHEMA_VERSION, capabilities=CAPABILITIES, **_only(job_id)
        )
        offer = self._answered(lambda: self._client.poll(request)).job
        if offer is None and job_id:
            raise NoSuchJob(job_id)
        return offer

    def _do(self, offer: JobOffer) -> None:
        held = self._held = Held(offer, grace=self._grace)
        if self._stopping.is_set():
            held.stop()
        self._heart.every(offer.heartbeat_seconds)
        try:
            held.offer = self._answered(lambda: self._client.job(offer.job_id))
            console.info("job %s: %s SKUs, %s units", offer.job_id, len(offer.skus), held.total)
            job.run(held, self._tools)
        except (JobOver, Refused) as said:
            console.warning("job %s is not ours: %s", offer.job_id, said)
        finally:
            self._completed += held.ended
            self._held = None

    def _answered(self, call: Callable[[], _Result]) -> _Result:
        """The server's answer, however long it takes to come up; Away once told to stop."""
        answer = until_answered(call, pause=self._stopping.wait, away=self._say_away)
        if self._away:
            console.info("the server answers")
        self._away = False
        return answer

    def _say_away(self, error: Away) -> None:
        if not self._away:
            console.warning("waiting for the server: %s", error)
        self._away = True

    def _beat(self) -> Heartbeat:
        held = self._held
        status = RunnerStatus.BUSY if held else RunnerStatus.POLLING
        return Heartbeat(
            status=RunnerStatus.DRAINING if self._stopping.is_set() else status,
            current_job_id=held.job_id if held else None,
            jobs=[held.progress()] if held else [],
            jobs_completed=self._completed,
            memory_usage_mb=_memory(),
            draining=self._stopping.is_set(),
        )

    def _hear(self, answer: HeartbeatAnswer) -> None:
        held = self._held
        word = answer.jobs.get(held.job_id) if held else None
        if held and word == "cancel":
            held.cancel()
        elif held and word == "lost":
            held.end(JobOver("lost", "the server gave it to another runner"))

    def _refused(self, refused: KeyRefused) -> None:
        self._refusal = refused
        self._stopping.set()
        if held := self._held:
            held.end(refused)


def _only(job_id: str | None) -> dict[str, str]:
    return {"job_id": job_id} if job_id else {}


def _memory() -> float | None:
    """This process's greatest size so far, in MB (10^6 bytes); Linux counts in KiB, macOS in bytes, Windows not."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1_000_000
