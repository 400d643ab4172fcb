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
            enough = self._resume(job_id) and bool(once or job_id)
            while not enough and not self._stopping.is_set():
                if not self._has_room():
                    continue
                offer = self._claim(job_id)
                if offer:
                    self._do(offer.job_id)
                    enough = bool(once or job_id)
                else:
                    self._stopping.wait(self._poll_seconds)
        except Away:
            console.info("stopped while the server was away")
        finally:
            self._heart.close()
        if self._refusal:
            raise self._refusal

    def stop(self) -> None:
        """Finish the units in hand, hand the rest back, leave; told again, hand back at once."""
        again = self._stopping.is_set()
        self._stopping.set()
        if held := self._held:
            held.stop(at_once=again)

    def _claim(self, job_id: str | None) -> JobOffer | None:
        request = PollRequest(
            version=VERSION, schema_version=SCHEMA_VERSION, capabilities=CAPABILITIES, **_only(job_id)
        )
        offer = self._answered(lambda: self._client.poll(request)).job
        if offer is None and job_id:
            raise NoSuchJob(job_id)
        return offer

    def _resume(self, wanted: str | None) -> bool:
        """Tell the server what the process before this one held, and do as it says; whether that was a job's work.

        With `wanted` only that job counts, and no other one is claimed.
        """
        holding = self._tools.spool.holding()
        if not holding:
            return False
        console.info("the spool holds %s job(s) of an earlier run; asking the server about them", len(holding))
        request = PollRequest(
            version=VERSION,
            schema_version=SCHEMA_VERSION,
            capabilities=CAPABILITIES,
            holding=holding,
            **_only(wanted),
        )
        answer = self._answered(lambda: self._client.poll(request))
        worked = set()
        for job_id in holding:
            word = (answer.held or {}).get(job_id, "lost")
            if word == "lost":
                console.warning(
                    "job %s ended or went to another runner meanwhile; what is left of it here is dropped", job_id
                )
                self._tools.spool.forget(job_id)
            elif not self._stopping.is_set():
                self._do(job_id, cancelled=word == "cancel")
                worked.add(job_id)
        if answer.job:
            self._do(answer.job.job_id)
            worked.add(answer.job.job_id)
        return wanted in worked if wanted else bool(worked)

    def _has_room(self) -> bool:
        """Whether the spool takes things; waits a moment where it does not."""
        if self._tools.spool.full and not self._tools.spool.probe():
            self._stopping.wait(self._poll_seconds)
            return False
        return True

    def _do(self, job_id: str, *, cancelled: bool = False) -> None:
        """Do a job that was just claimed, or what is left of one that was held before."""
        spool = self._tools.spool
        try:
            offer = self._answered(lambda: self._client.job(job_id))
        except (JobOver, Refused) as said:
            console.warning("job %s is not ours: %s", job_id, said)
            spool.forget(job_id)
            return
        spool.begin(offer)
        done = [*offer.done, *spool.unsent(job_id)]
        held = self._held = Held(offer.model_copy(update={"done": done}), grace=self._grace)
        if cancelled:
            held.cancel()
        if self._stopping.is_set():
            held.stop()
        self._heart.every(offer.heartbeat_seconds)
        console.info("job %s: %s SKUs, %s units", job_id, len(offer.skus), held.total)
        try:
            job.run(held, self._tools, beat=self._heart.beat)
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
            disk_full=self._tools.spool.full,
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
