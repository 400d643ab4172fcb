"""From a runner's post to the page: 20 sockets, 100 lines a second. A websocket client stands for the browser."""

import json
import threading
import time
from statistics import quantiles

import websocket
from django.conf import settings
from django.test import Client
from live_intake import Runner

from tests import make

WATCHERS, LINES_A_SECOND, A_CALL, SECONDS = 20, 100, 10, 10
AIM = 50


def measure(place: str) -> bool:
    """Prints how many milliseconds lie between the post and the parsed message; true when every line came to all."""
    client = Client()
    client.force_login(make.staff("scraping.view_operations", name="soon"))
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    runner = Runner(place, "soon")
    waits: list[float] = []
    ready = threading.Barrier(WATCHERS + 1)
    pages = [
        threading.Thread(target=page, args=[place, cookie, str(runner.job.pk), ready, waits]) for _ in range(WATCHERS)
    ]
    for thread in pages:
        thread.start()
    ready.wait(60)
    post(runner)
    for thread in pages:
        thread.join(60)
    expected = WATCHERS * LINES_A_SECOND * SECONDS
    half, p95 = (quantiles(waits, n=100)[at] * 1000 for at in (49, 94))
    print(f"from the runner's post to {WATCHERS} pages at {LINES_A_SECOND} lines/s:")
    print(f"    median {half:.0f} ms, 95th percentile {p95:.0f} ms (aim {AIM}), {len(waits):,} of {expected:,} arrived")
    return len(waits) == expected


def post(runner: Runner) -> None:
    """`A_CALL` lines a call, each stamped with the moment before the call."""
    start = time.perf_counter()
    for call in range(LINES_A_SECOND * SECONDS // A_CALL):
        threading.Event().wait(max(0, start + call * A_CALL / LINES_A_SECOND - time.perf_counter()))
        runner.post("/api/scraper/v1/logs", runner.body(A_CALL, f"{time.perf_counter():.6f}"))


def page(place: str, cookie: str, job: str, ready: threading.Barrier, waits: list[float]) -> None:
    socket = websocket.create_connection(f"ws://{place}/ws/live/", cookie=cookie, origin=f"http://{place}", timeout=60)
    socket.send(json.dumps({"watch": "job", "id": job, "after": 0}))
    last, to = LINES_A_SECOND * SECONDS, 0
    while to < last:
        message = json.loads(socket.recv())
        now = time.perf_counter()
        if message["type"] == "job" and to == 0:
            ready.wait(60)
        if message["type"] == "lines":
            waits += [now - float(line["message"].split()[0]) for line in message["lines"]]
            to = message["to"]
        socket.send(json.dumps({"id": job, "seen": message.get("to", to)}))
    socket.close()
