"""Memory of the web process while a page watches a busy log and never reads: it has to stay as it is."""

import json
import threading
import time

import psutil
import websocket
from django.conf import settings
from django.test import Client
from live_intake import Runner

from tests import make

LINES_A_SECOND, A_CALL = 1000, 200
ALLOWED_MB = 16
WARM_UP = 10


def watch(place: str, *, seconds: int) -> bool:
    """Whether the memory grew by at most `ALLOWED_MB` from after the warm-up to the end."""
    client = Client()
    client.force_login(make.staff("scraping.view_operations", name="deaf"))
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    runner = Runner(place, "deaf")
    server = psutil.Process().children()[0]
    deaf = [open_deaf(place, cookie, str(runner.job.pk))]
    sizes: list[float] = []
    start = time.perf_counter()
    for call in range(LINES_A_SECOND * (seconds + WARM_UP) // A_CALL):
        threading.Event().wait(max(0, start + call * A_CALL / LINES_A_SECOND - time.perf_counter()))
        runner.post("/api/scraper/v1/logs", runner.body(A_CALL))
        if call * A_CALL % (LINES_A_SECOND * 30) == 0:
            deaf.append(open_deaf(place, cookie, str(runner.job.pk)))  # daphne ends the former: it answers no ping
        sizes.append(server.memory_info().rss / 1e6)
    rate = runner.seq / (time.perf_counter() - start)
    warm = sizes[WARM_UP * LINES_A_SECOND // A_CALL]
    grown = max(sizes[WARM_UP * LINES_A_SECOND // A_CALL :]) - warm
    print(f"memory of the web process with a client that never reads, {seconds} s at {rate:,.0f} lines/s:")
    print(f"    {warm:.0f} MB at first, {sizes[-1]:.0f} MB at last, at most {grown:.1f} MB more (at most {ALLOWED_MB})")
    return grown <= ALLOWED_MB


def open_deaf(place: str, cookie: str, job: str) -> websocket.WebSocket:
    """Watches, and neither reads nor says what it has seen."""
    socket = websocket.create_connection(f"ws://{place}/ws/live/", cookie=cookie, origin=f"http://{place}", timeout=60)
    socket.send(json.dumps({"watch": "job", "id": job, "after": 0}))
    return socket
