"""A job in this runner's hand: how far it is, and whether it goes on. Shared by all its threads."""

import threading
import time
from collections import Counter
from typing import Final

from runners.agent.answers import ServerSaid
from runners.protocol.messages import HeldJob, JobOffer
from runners.protocol.words import Outcome

MOMENT: Final = 0.2
_WORDS: Final = 10.0
# how far a process leaves the numbers behind that the one before it may still have sent
_BEATS_APART: Final = 1000


class Held:
    """`halted` is set once no further unit may begin: stopped from outside, cancelled by staff, or `over`.

    `ended` says that the server took our last word; a beat that crossed it may still be answered with "lost".
    """

    def __init__(self, offer: JobOffer, *, grace: float) -> None:
        """`grace`: seconds that units in hand get to finish once the job is halted."""
        self.offer = offer
        self.halted = threading.Event()
        self.cancelled = False
        self.stopping = False
        self.ended = False
        self.over: ServerSaid | None = None
        self.outcomes: Counter[Outcome] = Counter()
        self.step = ""
        self.done = len(set(offer.done))
        self._at_work: set[str] = set()
        self._wanted: set[str] = set()
        self._beats = offer.beats + _BEATS_APART
        self._grace = grace
        self._lock = threading.Lock()
        self._halted_at = 0.0
        self._stopped_at = 0.0

    @property
    def job_id(self) -> str:
        return self.offer.job_id

    @property
    def total(self) -> int:
        return len(self.offer.skus) * len(self.offer.scrapers)

    def count(self, outcome: Outcome) -> None:
        """One more unit is done."""
        with self._lock:
            self.done += 1
            self.outcomes[outcome] += 1

    def cancel(self) -> None:
        """Staff want it to end: finish the units in hand."""
        self.cancelled = True
        self._halt()

    def stop(self, *, at_once: bool = False) -> None:
        """The process is to end: finish the units in hand, or give them up `at_once`, and hand the rest back."""
        if at_once:
            self._grace = 0.0
        if at_once or not self.stopping:
            self._stopped_at = time.monotonic()
            self.stopping = True
        self._halt()

    def end(self, said: ServerSaid) -> None:
        """It is not ours any more: nothing of it is worth sending."""
        self.over = self.over or said
        self._halt()

    def waited(self) -> bool:
        """Have units in hand had their time? Before a halt they have all there is."""
        if self.over is not None:
            return True
        return self.halted.is_set() and time.monotonic() >= self._halted_at + self._grace

    def silent(self) -> bool:
        """Is nothing left to say, or no time to say it? Only a stop sets words a limit, not the server's absence."""
        if self.over is not None:
            return True
        return self.stopping and time.monotonic() >= self._stopped_at + self._grace + _WORDS

    def pause(self, seconds: float) -> bool:
        """Wait for the server while there is work; True once halted."""
        return self.halted.wait(seconds)

    def pause_silent(self, seconds: float) -> bool:
        """Wait for the server with the last words; True once `silent`."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.silent():
            time.sleep(min(left, MOMENT))
        return self.silent()

    def want(self, scraper: str) -> None:
        """It would begin with this scraper now."""
        with self._lock:
            self._wanted.add(scraper)

    def begin(self, scraper: str, *, instead_of: set[str]) -> None:
        """It works with this scraper, and wants those it would have begun with no more for now."""
        with self._lock:
            self._wanted -= instead_of | {scraper}
            self._at_work.add(scraper)

    def leave(self, scraper: str) -> None:
        with self._lock:
            self._at_work.discard(scraper)

    def progress(self) -> HeldJob:
        """How far it is; every call has the next number."""
        with self._lock:
            self._beats += 1
            working = sorted(self._at_work | self._wanted)
            return HeldJob(
                job_id=self.job_id,
                step=self.step,
                done=self.done,
                total=self.total,
                working=working,
                seq=self._beats,
            )

    def _halt(self) -> None:
        if not self.halted.is_set():
            self._halted_at = time.monotonic()
        self.halted.set()
