"""The heartbeat: a thread that tells the server we live, whatever the others are doing, and hears what it wants."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from runners.agent.answers import KeyRefused, ServerSaid
from runners.agent.client import Client
from runners.protocol.messages import Heartbeat, HeartbeatAnswer

console = logging.getLogger(__name__)
_PATIENCE: Final = 10.0
_SHORTEST: Final = 0.01


class Heart:
    """Beats every `seconds`; the server's answer may change that."""

    def __init__(
        self,
        client: Client,
        *,
        say: Callable[[], Heartbeat],
        hear: Callable[[HeartbeatAnswer], None],
        refused: Callable[[KeyRefused], None],
        seconds: float = 10.0,
    ) -> None:
        self._client = client
        self._say = say
        self._hear = hear
        self._refused = refused
        self._seconds = seconds
        self._changed = threading.Event()
        self._ended = False
        self._beating = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended = True
        self._changed.set()
        self._thread.join(timeout=1)

    def every(self, seconds: float) -> None:
        """Beat this often from now on."""
        if seconds != self._seconds:
            self._seconds = max(_SHORTEST, seconds)
            self._changed.set()

    def _run(self) -> None:
        while not self._ended:
            if self._changed.wait(self._seconds):
                self._changed.clear()
                continue
            try:
                self.beat()
            except Exception:  # noqa: BLE001 - the loop's rim: without beats all that is held would be lost
                console.exception("a heartbeat failed by our own fault")

    def beat(self) -> HeartbeatAnswer | None:
        """Beat now, from any thread, one after the other; None where nobody answered."""
        with self._beating:
            try:
                answer = self._client.heartbeat(self._say(), timeout=_PATIENCE)
            except KeyRefused as refused:
                self._ended = True
                self._refused(refused)
            except ServerSaid as said:
                console.debug("a heartbeat was not heard: %s", said)
            else:
                self._hear(answer)
                self.every(answer.heartbeat_seconds)
                return answer
        return None
