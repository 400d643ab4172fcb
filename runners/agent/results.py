"""Finished units on their way to the server: sent as they come, kept until they are recorded."""

from collections.abc import Callable, Sequence
from typing import Final

from runners.agent.answers import JobOver, Refused, ServerSaid, TooLarge
from runners.agent.client import Client
from runners.agent.outbox import Outbox
from runners.agent.spool import Box
from runners.agent.voice import log
from runners.protocol.messages import Callback, CallbackAnswer, CallbackResults, UnitItem
from runners.protocol.words import JobStatus, Outcome

MOST_ITEMS: Final = 100


class Results:
    """The results of one job."""

    def __init__(
        self,
        client: Client,
        job_id: str,
        units: Box[UnitItem],
        *,
        heard: Callable[[CallbackAnswer], None],
        over: Callable[[ServerSaid], None],
    ) -> None:
        """`heard` gets each answer, `over` that the server wants no more; both in the sending thread."""
        self._client = client
        self._job_id = job_id
        self._heard = heard
        self._outbox: Outbox[UnitItem] = Outbox(units, self._deliver, name="results", most=MOST_ITEMS, over=over)

    def put(self, item: UnitItem) -> None:
        self._outbox.put(item)

    def send_all(self, seconds: float | None = None) -> bool:
        """Send what waits; False where `seconds` ran out before."""
        return self._outbox.flush(seconds)

    def close(self) -> None:
        self._outbox.close()

    def _deliver(self, items: Sequence[UnitItem]) -> int:
        """Post the oldest items, fewer at once if the server asks for that; return how many are done with."""
        batch = list(items)
        while True:
            try:
                self._post(batch)
            except (TooLarge, Refused) as said:
                if isinstance(said, Refused) and said.status != 400:
                    raise JobOver(said.code, str(said)) from said
                if len(batch) == 1:
                    return self._without_fields(batch[0], said)
                batch = batch[: len(batch) // 2 if isinstance(said, TooLarge) else 1]
            else:
                return len(batch)

    def _post(self, items: list[UnitItem]) -> None:
        results = CallbackResults(items=items)
        self._heard(self._client.callback(Callback(job_id=self._job_id, status=JobStatus.RUNNING, results=results)))

    def _without_fields(self, item: UnitItem, said: ServerSaid) -> int:
        """A result the server cannot take is our fault, and said as such: no unit ends without a word."""
        log.error("%s: the server refused this result: %s", item.sku, said, extra={"scraper": item.scraper})
        message = f"the server refused what was read here: {said}"
        try:
            self._post([UnitItem(sku=item.sku, scraper=item.scraper, outcome=Outcome.RUNNER_ERROR, message=message)])
        except (TooLarge, Refused) as again:
            log.error("%s: the server refused its outcome, too: %s", item.sku, again, extra={"scraper": item.scraper})
        return 1
