"""A job's log as this process knows it: its last lines are read once for all, older ones by who needs them."""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Iterator
from uuid import UUID

from scraping.live import messages, reads
from scraping.live.messages import Code, Kind, Place
from scraping.live.reads import End, JobFacts, Line
from scraping.live.watch import Send, Watch

logger = logging.getLogger(__name__)
GATHER_SECONDS = 0.02
MAX_CHARACTERS = 256 * 1024
_REMEMBERED = 64


class Tail:
    """`facts` is None until the first read, and where there is no such job; `read` counts finished reads."""

    def __init__(self, job: UUID) -> None:
        self.job = job
        self.watches: set[LogWatch] = set()
        self.facts: JobFacts | None = None
        self.head = 0
        self.read = 0
        self._begun = 0
        self._floor = 0
        self._lines: list[Line] = []
        self._due = False
        self._task: asyncio.Task[None] | None = None
        self._far: dict[int, asyncio.Task[list[Line]]] = {}
        self._texts: dict[tuple[int, int], str] = {}

    def join(self, watch: "LogWatch") -> None:
        """A watch may know more than this process does: it waits for a read that begins after it came."""
        watch.need = self._begun + 1
        self.watches.add(watch)
        self.ring()

    def ring(self) -> None:
        """There may be news. Bells during a read make one more read, however many they were."""
        self._due = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._refresh())

    async def _refresh(self) -> None:
        while self._due and self.watches:
            self._due = False
            self._begun += 1
            begun = self._begun
            try:
                end = await reads.end(self.job, self.head)
            except Exception:
                logger.exception("the log of job %s could not be read; the next poll tries again", self.job)
                return
            self._keep(end)
            self.read = begun
            for watch in self.watches:
                watch.wake()
            await asyncio.sleep(GATHER_SECONDS)

    def _keep(self, end: End | None) -> None:
        self._texts.clear()
        if end is None:
            self.facts = None
            return
        if end.floor != self.head:
            self._lines, self._floor = [], end.floor
        self.facts, self.head = end.facts, end.head
        self._lines += end.lines
        self._floor = max(self._floor, end.head - reads.AT_ONCE)
        del self._lines[: self._index(self._floor)]

    def _index(self, position: int) -> int:
        """Of the first line kept that stands after a position."""
        return bisect_right(self._lines, position, key=lambda line: line.position)

    async def after(self, position: int) -> list[Line]:
        """The next lines after a position: from memory near the end, else one read for all who stand there."""
        if position >= self._floor:
            return _some(self._lines[self._index(position) :])
        if position not in self._far:
            task = asyncio.create_task(_read(self.job, position, self.head))
            self._far[position] = task
            task.add_done_callback(lambda _task: self._far.pop(position))
        return _some(await asyncio.shield(self._far[position]))

    def text(self, after: int, to: int, lines: list[Line]) -> str:
        """Lines as they are sent; made once for all who are sent the same."""
        if (after, to) not in self._texts:
            if len(self._texts) >= _REMEMBERED:
                self._texts.clear()
            told = {**Place(Kind.JOB, self.job).told(), "from": after + 1, "to": to, "head": self.head}
            head = messages.text("lines", **told)
            self._texts[after, to] = f'{head[:-1]}, "lines": [{",".join(line.json for line in lines)}]}}'
        return self._texts[after, to]


async def _read(job: UUID, after: int, head: int) -> list[Line]:
    return await reads.stretch(job, after, head)


def _some(lines: list[Line]) -> list[Line]:
    """As many as go into one message, at least one."""
    return list(_fitting(lines))


def _fitting(lines: list[Line]) -> Iterator[Line]:
    size = 0
    for line in lines:
        size += len(line.json)
        if size > MAX_CHARACTERS and size > len(line.json):
            return
        yield line


class Flight:
    """The lines of one job that a socket has not confirmed: last position, count and characters of each message."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, int, int]] = []

    def takes(self, lines: int, characters: int) -> bool:
        """Whether so many more may be on their way. One message always may."""
        lines += sum(part[1] for part in self.parts)
        characters += sum(part[2] for part in self.parts)
        return not self.parts or (lines <= reads.AT_ONCE and characters <= MAX_CHARACTERS)

    def seen(self, to: int) -> None:
        """They come in order: with this one all before it have been dealt with."""
        tops = [part[0] for part in self.parts]
        if to in tops:
            del self.parts[: tops.index(to) + 1]


class LogWatch(Watch):
    """A reader of one job's log, who has been sent everything up to `after`."""

    def __init__(self, tail: Tail, send: Send, *, after: int, flight: Flight) -> None:
        super().__init__(send)
        self._flight = flight
        self._tail = tail
        self._place = Place(Kind.JOB, tail.job)
        self._after = after
        self._told: JobFacts | None = None
        self._begun = False
        self._reading = False  # lines are on their way
        self._hearing = False  # the job's facts are

    def seen(self, to: int) -> None:
        if to == self._after:
            self._reading = self._hearing = False
        self.wake()

    async def step(self) -> None:
        tail = self._tail
        if tail.read < self.need or self._reading:
            return
        facts, head = tail.facts, tail.head
        if facts is None:
            self.over = True
            await self._send(messages.error(Code.UNKNOWN_JOB, self._place))
            return
        if self._after > head:
            await self._send_facts(facts, alone=False)
            await self._reset(0)
        if self._after < head:
            await self._send_lines(facts, head)
            return
        await self._send_facts(facts, alone=True)
        if facts.ended:
            self.over = True
            await self._send(messages.text("end", **self._place.told(), to=self._after))

    async def _send_lines(self, facts: JobFacts, head: int) -> None:
        lines = await self._tail.after(self._after)
        await self._send_facts(facts, alone=False)
        first, to = (lines[0].position, lines[-1].position) if lines else (head + 1, head)
        if not self._begun and first > self._after + 1:
            await self._reset(first - 1)
        self._begun = True
        if self._after == to:
            self.wake()
            return
        text = self._tail.text(self._after, to, lines)
        if not self._flight.takes(len(lines), len(text)):
            return
        self._flight.parts.append((to, len(lines), len(text)))
        self._after, self._reading = to, True
        await self._send(text)

    async def _send_facts(self, facts: JobFacts, *, alone: bool) -> None:
        """The job, where it changed; alone it is to be confirmed, and no other follows until then."""
        if facts == self._told or (alone and self._hearing):
            return
        self._told = facts
        self._hearing = alone
        confirm = {"to": self._after} if alone else {}
        told = {**self._place.told(), **reads.told(facts), "log_head": self._tail.head, **confirm}
        await self._send(messages.text("job", **told))

    async def _reset(self, after: int) -> None:
        self._after = after
        await self._send(messages.text("reset", **self._place.told(), **{"from": after + 1}))
