"""What a server may answer instead of 200, and what each answer means for a runner (the table of runner-api)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from runners.agent.waiting import retry_after
from runners.protocol.messages import ErrorAnswer

LONGEST_WAIT: Final = 300.0


class ServerSaid(Exception):  # noqa: N818
    """The server answered, or did not, in a way that is no result."""


class Away(ServerSaid):
    """Nobody who knows our messages answered: ask again later. `wait` is the seconds it asked for, if it did."""

    def __init__(self, sentence: str, *, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.wait = wait


class KeyRefused(ServerSaid):
    """The key is unknown, expired or revoked: the process stops."""


class JobOver(ServerSaid):
    """This job is not ours any more: stop it now. `code` is finished, cancelled or not_yours."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class TooLarge(ServerSaid):
    """Send less at once."""


class Gap(ServerSaid):
    """Log lines are missing: send from `expected` on."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"send lines from {expected}")
        self.expected = expected


class Refused(ServerSaid):
    """The server read this message and will not take it; repeating it changes nothing."""

    def __init__(self, status: int, error: ErrorAnswer) -> None:
        super().__init__(error.error)
        self.status = status
        self.code = error.code
        self.details = error.details


def problem(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime | None = None) -> ServerSaid:
    """What an answer other than 200 means. An answer without our error shape comes from something in between."""
    error = shape(body)
    if status == 413:
        return TooLarge("the message is too large")
    if status in {429, 503}:
        wait = retry_after(headers.get("Retry-After"), now=now)
        sentence = error.error if error else f"the server answers {status}"
        return Away(sentence, wait=None if wait is None else min(wait, LONGEST_WAIT))
    if error is None or status >= 500:
        return Away(f"something that is not the server answers {status}" if error is None else error.error)
    return _spoken(status, error)


def _spoken(status: int, error: ErrorAnswer) -> ServerSaid:
    if status == 401 or (status == 403 and error.code.startswith("key_")):
        return KeyRefused(error.error)
    if status == 409:
        return JobOver(error.code, error.error)
    expected = error.details.get("expected")
    if status == 416 and isinstance(expected, int):
        return Gap(expected)
    return Refused(status, error)


def shape(body: bytes) -> ErrorAnswer | None:
    """Our error shape, or None where the body is something else."""
    try:
        return ErrorAnswer.model_validate_json(body)
    except ValidationError:
        return None
