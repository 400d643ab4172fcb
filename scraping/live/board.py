"""What is open, as this process knows it: read once for all pages and banners, and compared with before."""

import asyncio
import logging
from uuid import UUID

from scraping.live import messages, reads
from scraping.live.messages import Kind, Place
from scraping.live.reads import State
from scraping.live.watch import Send, Watch

logger = logging.getLogger(__name__)
GATHER_SECONDS = 0.25
AT_ONCE = 100
_KEPT = 1000

Thing = tuple[str, UUID]
Facts = dict[str, object]


class Board:
    """Bells and polls make it look again; what differs, and whatever rang, is news."""

    def __init__(self) -> None:
        self.watches: set[NewsWatch] = set()
        self.read = 0
        self._begun = 0
        self._state: State | None = None
        self._rung: set[Thing] = set()
        self._due = False
        self._task: asyncio.Task[None] | None = None

    def join(self, watch: "NewsWatch") -> None:
        """What changes from the next read on is told to it."""
        watch.need = self._begun + 1
        self.watches.add(watch)
        self.ring()

    def leave(self, watch: "NewsWatch") -> None:
        """Nobody there: nothing is kept that would be old when somebody comes."""
        self.watches.discard(watch)
        if not self.watches:
            self._state = None
            self._rung.clear()

    def ring(self, *rung: Thing) -> None:
        """There may be news, of what rang at least."""
        if not self.watches:
            return
        self._rung.update(rung)
        self._due = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._refresh())

    async def _refresh(self) -> None:
        while self._due and self.watches:
            self._due = False
            self._begun += 1
            begun, rung, before = self._begun, frozenset(self._rung), self._state
            self._rung.clear()
            asked = {named for kind, named in rung if kind == "job"} | set(before.jobs if before else ())
            try:
                state = await reads.state(asked)
            except Exception:
                logger.exception("the news could not be read; the next poll tries again")
                self._rung |= rung
                return
            self._keep(state)
            self.read = begun
            news = changes(before, state, rung) if before else {}
            for watch in self.watches:
                watch.tell(news, read=begun)
            await asyncio.sleep(GATHER_SECONDS)

    def _keep(self, state: State) -> None:
        """Of jobs only the open ones: the others will not change again."""
        still = {pk: job for pk, job in state.jobs.items() if not job[0].ended}
        self._state = State(still, state.batches, state.runners)


def changes(before: State, now: State, rung: frozenset[Thing]) -> dict[Thing, Facts]:
    """What differs between two states, and what rang, with its facts as they are sent."""
    news: dict[Thing, Facts] = {}
    for pk, (job, head) in now.jobs.items():
        old = before.jobs.get(pk)
        if ("job", pk) in rung or old is None or old[0] != job:
            news["job", pk] = {**reads.told(job), "log_head": head}
    for pk in [*now.batches, *(before.batches.keys() - now.batches.keys())]:
        batch = now.batches.get(pk)
        if ("batch", pk) in rung or before.batches.get(pk) != batch:
            news["batch", pk] = {"open_jobs": batch.open_jobs if batch else 0}
    for pk, runner in now.runners.items():
        if ("runner", pk) in rung or before.runners.get(pk) != runner:
            news["runner", pk] = reads.told(runner)
    return news


class NewsWatch(Watch):
    """A page of operations, or a banner, which hears of batches alone."""

    def __init__(self, send: Send, *, kind: Kind) -> None:
        super().__init__(send)
        self._place = Place(kind)
        self._news: dict[Thing, Facts] = {}
        self._ready = False
        self._began = False
        self._sent = 0
        self._hearing = False

    def tell(self, news: dict[Thing, Facts], *, read: int) -> None:
        """Keep the newest facts of each thing until they can be sent. A page that hears one looks at all anew, so the
        oldest may be forgotten.
        """
        self._ready = self._ready or read >= self.need
        self._news |= {thing: facts for thing, facts in news.items() if self._hears(thing)}
        for thing in list(self._news)[: max(0, len(self._news) - _KEPT)]:
            del self._news[thing]
        self.wake()

    def _hears(self, thing: Thing) -> bool:
        return self._place.kind != Kind.BANNER or thing[0] == "batch"

    def seen(self, to: int) -> None:
        if to == self._sent:
            self._hearing = False
            self.wake()

    async def step(self) -> None:
        if not self._ready or self._hearing:
            return
        if not self._began:
            self._began = True
            await self._send(messages.text("watching", **self._place.told()))
        things = list(self._news)[:AT_ONCE]
        if not things:
            return
        told = [(kind, {"id": str(named), **self._news.pop((kind, named))}) for kind, named in things]
        self._sent += 1
        self._hearing = True
        told[-1][1]["to"] = self._sent
        for kind, facts in told:
            await self._send(messages.text(kind, **self._place.told(), **facts))
