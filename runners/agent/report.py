"""A job's log lines on their way to the server: numbered, in order, kept until they are acknowledged."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Final

from runners.agent import voice
from runners.agent.answers import Gap, JobOver, Refused, ServerSaid, TooLarge
from runners.agent.client import Client
from runners.agent.outbox import Outbox
from runners.agent.redact import RedactingFormatter, Redactor
from runners.agent.spool import Box
from runners.protocol.messages import LogLine
from runners.protocol.words import LogLevel

console = logging.getLogger(__name__)

ENOUGH: Final = 20
LINGER: Final = 1.0
MOST_LINES: Final = 500
LONGEST_LINE: Final = 16_000


class ScraperAPIHandler(logging.Handler):
    """Sends one job's lines: every 20 lines or 1 s, up to 500 a call when it is behind.

    The numbers are the runner's own, from 1 without a gap, so that a line sent twice is stored once.
    """

    def __init__(
        self,
        client: Client,
        job_id: str,
        lines: Box[LogLine],
        *,
        redactor: Redactor,
        after: int = 0,
        over: Callable[[ServerSaid], None] = lambda said: None,
        linger: float | None = None,
    ) -> None:
        """The numbers go on after those that `lines` has seen, and after `after`, the last one the server has.

        `over` hears, in the sending thread, that the server wants no more lines of this job.
        """
        super().__init__()
        self.setFormatter(RedactingFormatter(redactor))
        self._client = client
        self._job_id = job_id
        self._numbers = count(max(lines.last_seq, after) + 1)
        self._outbox: Outbox[LogLine] = Outbox(
            lines,
            self._deliver,
            name="log lines",
            most=MOST_LINES,
            enough=ENOUGH,
            linger=LINGER if linger is None else linger,
            over=over,
        )

    def filter(self, record: logging.LogRecord) -> bool:
        """A thread given up by a job that was lost may still speak; its lines are not the next job's."""
        return voice.subject().job in {None, self._job_id} and bool(super().filter(record))

    def emit(self, record: logging.LogRecord) -> None:
        """Number the line and keep it. `logging` holds this handler's lock, so numbers follow the order of speaking."""
        subject = voice.subject()
        try:
            text = self.format(record)
        except (TypeError, ValueError):
            self.handleError(record)
            return
        self._outbox.put(
            LogLine(
                level=LogLevel.fold(record.levelname),
                message=text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} … (cut)",
                timestamp=datetime.fromtimestamp(record.created, UTC),
                seq=next(self._numbers),
                scraper=getattr(record, "scraper", subject.scraper),
                sku=getattr(record, "sku", subject.sku),
            )
        )

    def send_all(self, seconds: float | None = None) -> bool:
        """Send what waits; False where `seconds` ran out before."""
        return self._outbox.flush(seconds)

    def close(self) -> None:
        self._outbox.close()
        super().close()

    def _deliver(self, lines: Sequence[LogLine]) -> int:
        """Post the oldest lines; return how many of them are stored, or will never be."""
        batch = list(lines)
        while True:
            try:
                answer = self._client.logs(self._job_id, batch)
            except Gap as gap:
                return self._fill(lines, gap.expected)
            except (TooLarge, Refused) as said:
                if isinstance(said, Refused) and said.status != 400:
                    raise JobOver(said.code, str(said)) from said
                if len(batch) == 1:
                    return self._replace(batch[0], said)
                batch = batch[: len(batch) // 2]
            else:
                if answer.truncated:
                    return len(lines)
                return _stored(batch, answer.acked)

    def _fill(self, lines: Sequence[LogLine], expected: int) -> int:
        """The server wants a line we gave up already, or has some that we still hold."""
        first = _number(lines[0])
        if expected < first:
            lost = LogLine(
                level=LogLevel.WARNING,
                message=f"{first - expected} line(s) did not arrive",
                seq=expected,
                through=first - 1,
            )
            self._client.logs(self._job_id, [lost])
        return _stored(lines, expected - 1)

    def _replace(self, line: LogLine, said: ServerSaid) -> int:
        """Keep the numbers without a gap: a line that the server will not take gives way to a mark."""
        mark = LogLine(level=LogLevel.WARNING, message=f"the server refused this line: {said}", seq=line.seq)
        try:
            self._client.logs(self._job_id, [mark])
        except (TooLarge, Refused) as again:
            console.error("line %s of job %s could not be delivered: %s", line.seq, self._job_id, again)
        return 1


def _number(line: LogLine) -> int:
    return line.seq or 0


def _stored(lines: Sequence[LogLine], acked: int | None) -> int:
    """How many of `lines`, oldest first, the server has."""
    if acked is None:
        return len(lines)
    return sum(1 for line in lines if _number(line) <= acked)
