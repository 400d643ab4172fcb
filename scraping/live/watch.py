"""One question of one socket: a task of its own, so that a slow socket holds up nobody else."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)
Send = Callable[[str], Awaitable[None]]


class Watch(ABC):
    """Tells its socket what it has not heard yet, whenever it is woken; `need` is the read it has to wait for.

    There is no queue: what the socket has not confirmed by `seen` is all that is on its way.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._woken = asyncio.Event()
        self.need = 0
        self.over = False
        self.task: asyncio.Task[None] | None = None

    def start(self, gone: Callable[[], None]) -> None:
        """`gone` is called when it is over, for whatever reason."""
        self.task = asyncio.create_task(self._run())
        self.task.add_done_callback(lambda _task: gone())

    def stop(self) -> None:
        if self.task:
            self.task.cancel()

    def wake(self) -> None:
        self._woken.set()

    async def _run(self) -> None:
        while not self.over:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self.step()
            except Exception:
                logger.exception("news could not be told; the next bell or poll tries again")

    @abstractmethod
    def seen(self, to: int) -> None:
        """The socket has dealt with everything up to `to`."""

    @abstractmethod
    async def step(self) -> None:
        """Tell what there is to tell."""
