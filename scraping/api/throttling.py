"""Slows down who asks too much: one budget per key, and one per address for those who show no good key.

Counted in this process's memory: see docs/decisions/0012-throttling-per-process.md.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from math import ceil

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

MOST_KEPT = 10_000


class TooManyRequestsError(APIException):
    """`seconds`: how long to wait."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "throttled"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many requests. Ask again in {seconds} s.")
        self.seconds = seconds


class Budgets:
    """Per name so many acts a minute; a whole minute's worth may be spent at once. Safe to use from several threads."""

    def __init__(self, per_minute: Callable[[], int], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __contains__(self, name: Hashable) -> bool:
        return name in self._left

    def take(self, name: Hashable) -> None:
        """One act. Past the budget, which it leaves as it is, it raises TooManyRequestsError."""
        with self._lock:
            left = self._at_hand(name)
            if left >= 1:
                self._left[name] = (left - 1, self._clock())
                self._left.move_to_end(name)
            while len(self._left) > MOST_KEPT:
                self._left.popitem(last=False)
        if left < 1:
            raise TooManyRequestsError(ceil((1 - left) * 60 / self._per_minute()))

    def look(self, name: Hashable) -> None:
        """As `take`, but nothing is spent."""
        with self._lock:
            left = self._at_hand(name)
        if left < 1:
            raise TooManyRequestsError(ceil((1 - left) * 60 / self._per_minute()))

    def _at_hand(self, name: Hashable) -> float:
        most = self._per_minute()
        left, at = self._left.get(name, (float(most), 0.0))
        return min(most, left + (self._clock() - at) * most / 60)


keys = Budgets(lambda: settings.API_PER_MINUTE)
strangers = Budgets(lambda: settings.API_STRANGERS_PER_MINUTE)


def enter(request: Request, secret: str, admit: Callable[[], object]) -> None:
    """Let `admit` check who asks, unless the budget is spent: then nothing is looked up. Raises TooManyRequestsError.

    A key that this process has let in before has its own budget. All others share their address's: only refusals are
    counted there, so a good key among strangers is let in as long as they have not spent it.
    """
    digest, address = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest(), _address(request)
    if digest in keys:
        keys.take(digest)
        admit()
        return
    strangers.look(address)
    try:
        admit()
    except APIException:
        strangers.take(address)
        raise
    if request.auth is None:
        strangers.take(address)
    else:
        keys.take(digest)


def _address(request: Request) -> str:
    """The peer's; behind a trusted proxy (NUM_PROXIES) what that says it is."""
    address: str | None = BaseThrottle().get_ident(request)
    return address or ""
