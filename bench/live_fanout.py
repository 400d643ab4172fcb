"""The same lines to 20 watchers: through the hub, and by a `group_send` per line through Channels' in-memory layer."""

import asyncio
import json
import time
from statistics import median
from typing import Any

from channels.layers import InMemoryChannelLayer

from runners.protocol.messages import LogLine
from scraping import doors, intake
from scraping.live import hub
from scraping.live.database import threaded
from scraping.live.messages import Kind, Place
from scraping.models import ScrapeJob
from tests import make

WATCHERS = 20
LINES, A_CALL, ROUNDS = 2000, 200, 3
SAID = "Looked for 072705115310 at www.acme.test: 1 product page, 7 of 9 fields read, price 12.99, 4 pictures"


def compare() -> bool:
    """Prints both; true when the hub lost nothing."""
    runner = make.runner("fan-out")
    jobs = [make.running_job(runner, skus=[str(number)]) for number in range(ROUNDS)]
    rounds = [(asyncio.run(ours(job)), asyncio.run(theirs())) for job in jobs]
    (rate, lost), (their_rate, their_lost) = (
        (median(rate for rate, _ in side), sum(lost for _, lost in side)) for side in zip(*rounds, strict=True)
    )
    total = ROUNDS * LINES * WATCHERS
    print(f"fan-out to {WATCHERS} watchers of {LINES} lines, {A_CALL} at a time:")
    print(f"    the hub, lines written and read: {rate:,.0f} deliveries/s, {lost} of {total:,} lost")
    print(
        f"    a group_send per line, nothing written: {their_rate:,.0f} deliveries/s, lost {their_lost:,} of {total:,}"
    )
    return bool(lost == 0)


async def ours(job: ScrapeJob) -> tuple[float, int]:
    """Deliveries per second and lines lost: from the runner's post to the text handed to each socket."""
    here, place = hub.here(), Place(Kind.JOB, job.pk)
    done = [asyncio.Event() for _ in range(WATCHERS)]
    got = [0] * WATCHERS

    def watcher(number: int) -> hub.Visit:
        async def send(text: str) -> None:
            message = json.loads(text)
            got[number] += len(message.get("lines", []))
            if "to" in message:
                here.seen(visit, place, message["to"])
            if message.get("to") == LINES:
                done[number].set()

        visit = here.enter(number, send)
        here.watch(visit, place)
        return visit

    visits = [watcher(number) for number in range(WATCHERS)]
    start = time.perf_counter()
    for first in range(1, LINES, A_CALL):
        await append(job, first)
    async with asyncio.timeout(120):
        await asyncio.gather(*(event.wait() for event in done))
    seconds = time.perf_counter() - start
    for visit in visits:
        here.leave(visit)
    here.close()
    return sum(got) / seconds, LINES * WATCHERS - sum(got)


@threaded
def append(job: ScrapeJob, first: int) -> None:
    assert job.runner is not None
    lines = [LogLine(level="info", message=SAID, seq=number) for number in range(first, first + A_CALL)]
    with doors.transact():
        intake.log(str(job.pk), lines, runner=job.runner)


async def theirs() -> tuple[float, int]:
    """The layer with its defaults (100 messages a channel); each receiver makes the JSON it would send."""
    layer = InMemoryChannelLayer()
    channels = [await layer.new_channel() for _ in range(WATCHERS)]
    for channel in channels:
        await layer.group_add("job", channel)
    got = [0] * WATCHERS
    receiving = [asyncio.create_task(receive(layer, channel, got, at)) for at, channel in enumerate(channels)]
    line = {"position": 1, "level": "info", "message": SAID, "scraper": None, "sku": None}
    start = time.perf_counter()
    for number in range(LINES):
        await layer.group_send("job", {"type": "line", **line, "position": number})
    last, since = -1, start
    while last < sum(got):
        last, since = sum(got), time.perf_counter()
        await asyncio.sleep(0.05)
    for task in receiving:
        task.cancel()
    return sum(got) / (since - start), LINES * WATCHERS - sum(got)


async def receive(layer: Any, channel: str, got: list[int], at: int) -> None:
    while True:
        json.dumps(await layer.receive(channel))
        got[at] += 1
