"""Who watches what in this process. It listens and polls while somebody watches, and reads once for all of them."""

import asyncio
import logging
from functools import partial
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings

from scraping.live.board import Board, NewsWatch
from scraping.live.doorbell import Doorbell
from scraping.live.messages import Place
from scraping.live.tail import Flight, LogWatch, Tail
from scraping.live.watch import Send, Watch

logger = logging.getLogger(__name__)
PATIENCE_SECONDS = 30.0


class CrowdedError(Exception):
    """So many sockets, or so many watches of one socket, are not served."""


class Visit:
    """A socket: whose it is, how to speak to it, what it watches.

    `flights` hold what is on its way to it, also of watches that are over: it says `seen` to that too.
    """

    def __init__(self, user: int, send: Send) -> None:
        self.user = user
        self.send = send
        self.watches: dict[Place, Watch] = {}
        self.flights: dict[Place, Flight] = {}


class Hub:
    """Of one event loop, which is one web process."""

    def __init__(self) -> None:
        self.visits: set[Visit] = set()
        self._tails: dict[UUID, Tail] = {}
        self._board = Board()
        self._doorbell = Doorbell(ring=self.ring, catch_up=self.catch_up)
        self._attending: list[asyncio.Task[None]] = []
        self._closing: asyncio.TimerHandle | None = None

    @property
    def watching(self) -> int:
        return sum(len(visit.watches) for visit in list(self.visits))

    def enter(self, user: int, send: Send) -> Visit:
        """Raises CrowdedError."""
        mine = sum(visit.user == user for visit in self.visits)
        if len(self.visits) >= settings.LIVE_SOCKETS or mine >= settings.LIVE_SOCKETS_PER_USER:
            raise CrowdedError
        visit = Visit(user, send)
        self.visits.add(visit)
        return visit

    def leave(self, visit: Visit) -> None:
        for place in list(visit.watches):
            self.unwatch(visit, place)
        self.visits.discard(visit)

    def watch(self, visit: Visit, place: Place, *, after: int = 0) -> None:
        """Begin to tell; a watch of the same place begins anew. Raises CrowdedError."""
        self.unwatch(visit, place)
        if len((visit.watches.keys() | visit.flights.keys()) - {place}) >= settings.LIVE_WATCHES:
            raise CrowdedError
        if place.job:
            tail = self._tails.setdefault(place.job, Tail(place.job))
            flight = visit.flights.setdefault(place, Flight())
            log = LogWatch(tail, visit.send, after=after, flight=flight)
            watch: Watch = log
            tail.join(log)
        else:
            news = NewsWatch(visit.send, kind=place.kind)
            watch = news
            self._board.join(news)
        visit.watches[place] = watch
        watch.start(partial(self._gone, visit, place, watch))
        self._attend()

    def unwatch(self, visit: Visit, place: Place) -> None:
        if place in visit.watches:
            watch = visit.watches[place]
            watch.stop()
            self._gone(visit, place, watch)

    def seen(self, visit: Visit, place: Place, to: int) -> None:
        if place in visit.flights:
            visit.flights[place].seen(to)
        if place in visit.watches:
            visit.watches[place].seen(to)
        else:
            self._land(visit, place)

    def ring(self, kind: str, named: UUID) -> None:
        """Something of `kind` (log, job, runner, batch) was committed."""
        if kind in ("log", "job") and named in self._tails:
            self._tails[named].ring()
        if kind != "log":
            self._board.ring((kind, named))

    def catch_up(self) -> None:
        """Bells may have been missed: look at everything that is watched."""
        for tail in self._tails.values():
            tail.ring()
        self._board.ring()

    def _gone(self, visit: Visit, place: Place, watch: Watch) -> None:
        if visit.watches.get(place) is watch:
            del visit.watches[place]
            self._land(visit, place)
        if isinstance(watch, NewsWatch):
            self._board.leave(watch)
        elif place.job in self._tails:
            tail = self._tails[place.job]
            tail.watches.discard(watch)
            if not tail.watches:
                del self._tails[place.job]
        if not self.watching and self._attending and not self._closing:
            self._closing = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self.close)

    def _land(self, visit: Visit, place: Place) -> None:
        if place in visit.flights and not visit.flights[place].parts:
            del visit.flights[place]

    def _attend(self) -> None:
        if self._closing:
            self._closing.cancel()
            self._closing = None
        if not self._attending:
            self._attending = [asyncio.create_task(self._doorbell.answer()), asyncio.create_task(self._poll())]

    def close(self) -> None:
        """Listen and poll no more, until somebody watches again."""
        for task in self._attending:
            task.cancel()
        self._attending = []
        self._closing = None

    async def _poll(self) -> None:
        """Covers what no bell tells: a runner that falls silent, a trigger that is missing, a listener that is away."""
        while True:
            await asyncio.sleep(settings.LIVE_POLL_SECONDS)
            self.catch_up()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def here() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


def watchers() -> int:
    """How many things are being watched by sockets of this process."""
    return sum(hub.watching for hub in list(_hubs.values()))
