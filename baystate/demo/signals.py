"""Ctrl-C, a closed terminal and `kill`: noticed once, so that everything ends in order; the second time at once."""

import signal
from types import FrameType

HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EndedError(Exception):
    """Somebody asked the demo to end."""


class Signals:
    """Listens from when it is made."""

    def __init__(self) -> None:
        self.heard: signal.Signals | None = None
        for number in HEARD:
            signal.signal(number, self._hear)

    def check(self) -> None:
        """Raises EndedError once a signal has come."""
        if self.heard is not None:
            raise EndedError

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.heard is not None:
            raise KeyboardInterrupt
        self.heard = signal.Signals(number)
