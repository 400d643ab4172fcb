"""Which scraper of a job a thread begins with next: one whose site has room for this job now."""

import random
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from runners.agent.held import Held
from runners.agent.voice import log
from runners.protocol.messages import HeartbeatAnswer, ScraperOffer

LONGEST_PAUSE: Final = 5.0


class Turns:
    """The scrapers that nobody has begun with yet. Safe to use from several threads."""

    def __init__(self, held: Held, beat: Callable[[], HeartbeatAnswer | None]) -> None:
        """`beat` tells the server at once what the job works with and wants, and returns what it says to that."""
        self._held = held
        self._beat = beat
        self._left = deque(held.offer.scrapers)
        self._said: set[str] = set()
        self._lock = threading.Lock()

    def next(self) -> ScraperOffer | None:
        """The scraper to begin with; None when none is left or the job is halted. Waits while no site has room."""
        wanted: set[str] = set()
        while not self._held.halted.is_set():
            for _ in range(len(self._left)):
                scraper = self._pop()
                if scraper is None:
                    break
                if self._may_begin(scraper):
                    self._held.begin(scraper.name, instead_of=wanted)
                    return scraper
                wanted.add(scraper.name)
                self._put_back(scraper)
            if not self._left:
                return None
            seconds = min(LONGEST_PAUSE, self._held.offer.heartbeat_seconds) * (0.5 + random.random() / 2)  # noqa: S311
            self._held.halted.wait(seconds)
        return None

    def done(self, scraper: ScraperOffer) -> None:
        """This job works with the scraper no more: another one may, at once."""
        self._held.leave(scraper.name)
        if scraper.max_parallel_jobs is not None:
            self._beat()

    def _may_begin(self, scraper: ScraperOffer) -> bool:
        """Ask, also where the offer knew no limit: one may have been set since."""
        self._held.want(scraper.name)
        answer = self._beat()
        if answer is None:
            may = scraper.max_parallel_jobs is None
        else:
            may = scraper.name not in (answer.wait or {}).get(self._held.job_id, [])
        if may:
            return True
        if scraper.name not in self._said:
            self._said.add(scraper.name)
            log.info("waiting for room at %s", scraper.name, extra={"scraper": scraper.name})
        return False

    def _pop(self) -> ScraperOffer | None:
        with self._lock:
            return self._left.popleft() if self._left else None

    def _put_back(self, scraper: ScraperOffer) -> None:
        with self._lock:
            self._left.append(scraper)
