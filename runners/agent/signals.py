"""SIGTERM and Ctrl-C become a call."""

import signal
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType


def on_stop(stop: Callable[[], None]) -> None:
    """Call `stop` in a thread of its own on SIGTERM and SIGINT.

    The handler only puts a word into a SimpleQueue: it interrupts the main thread anywhere, also where that thread
    holds the lock that `stop` would wait for.
    """
    words: SimpleQueue[int] = SimpleQueue()

    def handler(number: int, frame: FrameType | None) -> None:
        words.put(number)

    def relay() -> None:
        while words.get():
            stop()

    threading.Thread(target=relay, name="signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)
