"""How often a site is asked: delay and parallelism per host, counted over the whole process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class _Host:
    busy: int = 0
    free_at: float = float("-inf")


class Politeness:
    """Every request to a site takes a turn here, whichever scraper makes it. Seconds everywhere."""

    def __init__(
        self, *, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._changed = threading.Condition()
        self._hosts: dict[str, _Host] = {}

    @contextmanager
    def turn(self, host: str, *, delay: float, parallel: int) -> Iterator[None]:
        """Wait until `host` may be asked: at most `parallel` at once, starts at least `delay` apart."""
        entry = self._enter(host, parallel)
        try:
            while (wait := self._wait(entry, delay)) > 0:
                self._sleep(wait)
            yield
        finally:
            with self._changed:
                entry.busy -= 1
                self._changed.notify_all()

    def hold(self, host: str, seconds: float) -> None:
        """The site asked for quiet: nobody starts a request to `host` before that many seconds have passed."""
        with self._changed:
            entry = self._hosts.setdefault(host, _Host())
            entry.free_at = max(entry.free_at, self._monotonic() + seconds)

    def _enter(self, host: str, parallel: int) -> _Host:
        with self._changed:
            entry = self._hosts.setdefault(host, _Host())
            self._changed.wait_for(lambda: entry.busy < parallel)
            entry.busy += 1
            return entry

    def _wait(self, entry: _Host, delay: float) -> float:
        """Seconds still to wait; 0 takes the turn, so that two who woke together do not both start."""
        with self._changed:
            now = self._monotonic()
            if now >= entry.free_at:
                entry.free_at = now + delay
                return 0
            return entry.free_at - now
