"""The time a step may take, whatever it waits for: headers that drip, a body that drips, a peer that says nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from urllib3.exceptions import TimeoutError as TimedOut


class Deadline:
    """`seconds` of work, spent only inside `running`: waiting for one's turn at a site costs nothing."""

    def __init__(
        self, seconds: float, hang_up: Callable[[], None], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._left = seconds
        self._hang_up = hang_up
        self._monotonic = monotonic
        self._started = monotonic()
        self.over = False

    def left(self) -> float:
        """Seconds that remain, at least a breath, because sockets read a timeout of 0 as "do not block"."""
        return max(0.001, self._left)

    def check(self) -> None:
        """Raise TimedOut once the time is over."""
        if self.over or self._monotonic() - self._started > self._left:
            self.over = True
            raise TimedOut

    @contextmanager
    def running(self) -> Iterator[None]:
        """Spend time; when it is over the connection is ended from outside."""
        self._started = self._monotonic()
        watch = threading.Timer(self.left(), self._end)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()
            self._left -= self._monotonic() - self._started

    def _end(self) -> None:
        self.over = True
        self._hang_up()
