"""The one websocket: who may open it, what it may ask, when it ends. docs/live.md says what is spoken."""

import asyncio
import logging
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import CookieMiddleware
from django.conf import settings
from django.db import Error
from pydantic import ValidationError

from scraping.live import hub, messages, visitors
from scraping.live.messages import Close, Code, Kind, Said
from scraping.live.visitors import Visitor

logger = logging.getLogger(__name__)
PATH = "/ws/live/"
PATIENCE = 10  # malformed messages
# what is answered although nothing was confirmed: so many at once, and then so many a second
BURST, RATE = 200, 10


class LiveConsumer(AsyncWebsocketConsumer):
    """A socket in the hub. Anybody but staff is refused before it opens."""

    visitor: Visitor
    visit: hub.Visit | None = None
    guard: asyncio.Task[None] | None = None
    nonsense = 0
    credit: float = BURST
    asked_at = 0.0

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Without a look at the database's connections in the one thread that all sockets share: none is used here."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        visitor = await self._look() if self.scope["path"] == PATH else None
        if visitor is None:
            return await self.close()
        self.visitor = visitor
        await self.accept()
        try:
            self.visit = hub.here().enter(visitor.user, self.send)
        except hub.CrowdedError:
            return await self.close(Close.TOO_MANY.value)
        self.guard = asyncio.create_task(self._look_again())
        return None

    async def disconnect(self, code: int) -> None:
        if self.guard:
            self.guard.cancel()
        if self.visit:
            hub.here().leave(self.visit)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            said = Said.model_validate_json(text_data or "")
        except ValidationError:
            return await self._refuse_nonsense()
        if self.visit is None:
            return None  # it is being closed
        if said.seen is not None:
            return hub.here().seen(self.visit, said.place, said.seen)
        if not self._may_ask():
            return await self.close(Close.TOO_MANY.value)
        return await self._answer(self.visit, said)

    async def _answer(self, visit: hub.Visit, said: Said) -> None:
        if said.ping is not None:
            return await self.send(messages.text("pong", ping=said.ping))
        if said.unwatch:
            return hub.here().unwatch(visit, said.unwatch.place)
        return await self._watch(visit, said)

    async def _watch(self, visit: hub.Visit, said: Said) -> None:
        if said.watch != Kind.BANNER and not self.visitor.sees_operations:
            return await self.send(messages.error(Code.NOT_ALLOWED, said.place))
        try:
            hub.here().watch(visit, said.place, after=said.after)
        except hub.CrowdedError:
            await self.send(messages.error(Code.TOO_MANY_WATCHES, said.place))

    def _may_ask(self) -> bool:
        """Whether it asks as often as a page may: answers to a client that does not read them pile up in daphne."""
        now = asyncio.get_running_loop().time()
        self.credit = min(BURST, self.credit + RATE * (now - self.asked_at)) - 1
        self.asked_at = now
        return self.credit >= 0

    async def _refuse_nonsense(self) -> None:
        self.nonsense += 1
        await self.send(messages.error(Code.MALFORMED))
        if self.nonsense >= PATIENCE:
            await self.close(Close.MALFORMED.value)

    async def _look(self) -> Visitor | None:
        return await visitors.find(self.scope["cookies"].get(settings.SESSION_COOKIE_NAME))

    async def _look_again(self) -> None:
        """Whoever logs out, or loses a permission, is out with the next look."""
        while True:
            await asyncio.sleep(settings.LIVE_RECHECK_SECONDS)
            try:
                visitor = await self._look()
            except Error:
                logger.warning("whose socket it is could not be looked up; the next look tells", exc_info=True)
                continue
            if visitor is None:
                return await self.close(Close.LOGGED_OUT.value)
            if self.visitor.sees_operations and not visitor.sees_operations:
                return await self.close(Close.NOT_ALLOWED.value)
            self.visitor = visitor


application = AllowedHostsOriginValidator(CookieMiddleware(LiveConsumer.as_asgi()))
