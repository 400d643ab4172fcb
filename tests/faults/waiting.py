"""Waits for what must become so, never for a while."""

import threading
import time
from collections.abc import Callable
from typing import Final

_LOOK_EVERY: Final = 0.05


def until(reached: Callable[[], object], *, seconds: float = 30.0, otherwise: Callable[[], object] = str) -> float:
    """Look until `reached`; returns the seconds that took. `otherwise` tells what is to be seen instead."""
    began, pause = time.monotonic(), threading.Event()
    while not reached():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s: {otherwise()}"
        pause.wait(_LOOK_EVERY)
    return time.monotonic() - began
