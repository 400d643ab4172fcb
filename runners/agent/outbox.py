"""What must reach the server: in order until it is acknowledged, sent by a thread of its own.

The thread that scrapes only puts things in; a server that is slow or away never holds it up.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from runners.agent.answers import Away, JobOver, KeyRefused, ServerSaid
from runners.agent.waiting import backoff

console = logging.getLogger(__name__)
_PATIENCE: Final = 5
_Thing = TypeVar("_Thing")


class Store(Protocol[_Thing]):
    """Where things wait, each under a number that grows."""

    def put(self, thing: _Thing) -> None: ...

    def oldest(self, most: int) -> list[tuple[int, _Thing]]: ...

    def count(self) -> int: ...

    def drop(self, through: int) -> None: ...


class Outbox(Generic[_Thing]):
    """`send` gets the oldest things and says how many of them are done with; it raises Away to be asked again."""

    def __init__(
        self,
        store: Store[_Thing],
        send: Callable[[Sequence[_Thing]], int],
        *,
        name: str,
        most: int,
        enough: int = 1,
        linger: float = 0.0,
        over: Callable[[ServerSaid], None] = lambda said: None,
    ) -> None:
        """Sends up to `most` things at once, when `enough` wait or the oldest has waited `linger` seconds.

        `over` hears, in this thread, that the server wants no more of them: JobOver or KeyRefused.
        """
        self._send = send
        self._enough = enough
        self._linger = linger
        self._over = over
        self._store = store
        self._most = most
        self._count = store.count()
        self._changed = threading.Condition()
        self._hurried = False
        self._closed = False
        self._since = 0.0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, thing: _Thing) -> None:
        """Keep `thing` until it is acknowledged. After the end of the job it is dropped."""
        with self._changed:
            if self._closed:
                return
            if not self._count:
                self._since = time.monotonic()
            self._store.put(thing)
            self._count += 1
            if self._count in {1, self._enough}:
                self._changed.notify_all()

    def flush(self, seconds: float | None = None) -> bool:
        """Send all that waits now. True when nothing is left, False when `seconds` ran out before."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._count or self._closed, seconds)
            self._hurried = False
            return done

    def close(self) -> None:
        """Stop, whether or not something waits."""
        self._finish()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=1)

    def _run(self) -> None:
        failures = 0
        while (things := self._due()) is not None:
            failures = 0 if self._try(things, failures) else failures + 1

    def _try(self, things: list[tuple[int, _Thing]], failures: int) -> bool:
        """Send once; False where it should be tried again, after a pause that is over by then."""
        wait = None
        try:
            done = self._send([thing for _number, thing in things])
        except Away as away:
            done, wait = 0, away.wait
        except (JobOver, KeyRefused) as said:
            self._finish()
            self._over(said)
            return False
        except Exception:  # noqa: BLE001 - the loop's rim: our own fault must not hold up what comes after
            console.exception("sending %s failed", self._thread.name)
            done = 1 if failures >= _PATIENCE else 0
        if done:
            self._drop(things[done - 1][0])
        else:
            self._pause(wait or backoff(failures + 1))
        return done > 0

    def _due(self) -> list[tuple[int, _Thing]] | None:
        """Wait for the moment to send; None once closed."""
        with self._changed:
            while not self._closed:
                wait = self._wait()
                if wait is not None and wait <= 0:
                    return self._store.oldest(self._most)
                self._changed.wait(wait)
            return None

    def _wait(self) -> float | None:
        if not self._count:
            return None
        if self._hurried or self._count >= self._enough:
            return 0
        return self._since + self._linger - time.monotonic()

    def _drop(self, through: int) -> None:
        with self._changed:
            self._store.drop(through)
            self._count = self._store.count()
            self._since = time.monotonic()
            self._changed.notify_all()

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def _finish(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
