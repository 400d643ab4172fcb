"""The one LISTEN of a web process: hears which rows changed, proves to itself that it still hears, and comes back."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from django.conf import settings

from runners import bell
from scraping import meters
from scraping.live import database

logger = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
# a session whose other end is gone in silence ends within ten seconds
KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 7000,
}
_PING = "ping"


@dataclass
class _Record:
    """Of this process, for those who look after it."""

    alive: bool = False
    restarts: int = 0


_record = _Record()


def alive() -> bool:
    """Whether this process listens; it does while somebody watches."""
    return _record.alive


def restarts() -> int:
    """How often the listener was lost, or deaf, since this process began."""
    return _record.restarts


class Doorbell:
    """`ring` hears kind and id of each bell; `catch_up` is called whenever bells may have been missed."""

    def __init__(self, *, ring: Callable[[str, uuid.UUID], None], catch_up: Callable[[], None]) -> None:
        self._ring = ring
        self._catch_up = catch_up
        self._token = uuid.uuid4()
        self._echo = asyncio.Event()
        self._heard = False

    async def answer(self) -> None:
        """Listen until cancelled; opens the session again whenever it is lost or deaf."""
        pause = FIRST_PAUSE
        while True:
            self._heard = False
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever it was, it is said and tried again
                pause = FIRST_PAUSE if self._heard else min(pause * 2, LONGEST_PAUSE)
                logger.warning("the live listener was lost; it comes back in %.1f s: %s", pause, _sentence(error))
            _record.restarts += 1
            meters.listener_restarts.inc()
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        """Ends with an exception. LISTEN comes first and the reads after it, so that nothing falls between them."""
        parameters = await database.session_parameters()
        session = await psycopg.AsyncConnection.connect(**parameters | KEEPALIVES, autocommit=True)
        try:
            await session.execute(f"LISTEN {bell.CHANNEL}")
            _record.alive = True
            self._catch_up()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear(session))
                tasks.create_task(self._prove())
        finally:
            _record.alive = False
            await session.close()

    async def _hear(self, session: psycopg.AsyncConnection) -> None:
        async for notice in session.notifies():
            kind, _, text = notice.payload.partition(":")
            try:
                named = uuid.UUID(text)
            except ValueError:
                continue  # whoever may connect may also ring
            if kind != _PING:
                self._ring(kind, named)
            elif named == self._token:
                self._echo.set()

    async def _prove(self) -> None:
        """Ring for oneself; raises TimeoutError when nothing was heard of it."""
        while True:
            self._echo.clear()
            async with asyncio.timeout(settings.LIVE_ECHO_SECONDS):
                await database.notify(f"{_PING}:{self._token}")
                await self._echo.wait()
            self._heard = True
            await asyncio.sleep(settings.LIVE_PING_SECONDS)


def _sentence(error: BaseException) -> str:
    """The first cause in a group, in words."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return "it does not hear itself" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
