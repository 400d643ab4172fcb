"""How long to wait before asking again. Seconds everywhere."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def backoff(
    attempt: int, *, first: float = 1.0, longest: float = 30.0, chance: Callable[[], float] = random.random
) -> float:
    """Seconds before try `attempt` + 1: doubling from `first` up to `longest`, of that half to all by chance.

    The jitter keeps many runners that lost the same server from coming back in one instant.
    """
    return min(longest, first * 2.0 ** min(attempt - 1, 30)) * (0.5 + 0.5 * chance())


def retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Read a Retry-After header (RFC 9110 §10.2.3): seconds or a date. None where it is missing or says neither."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
