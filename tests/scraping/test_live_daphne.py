"""Live logs from a real web server, by real sockets, while the world around it breaks."""

import json
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import websocket
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from baystate.database import cluster, server
from scraping.models import ScrapeJob
from tests import make, web
from tests.scraping.relay import Relay
from tests.scraping.sockets import append, session_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
CATCH_UP_SECONDS = 10


def address(host: str, port: str) -> str:
    place = connection.settings_dict
    return f"postgresql://{place['USER']}@/{place['NAME']}?host={quote(host, safe='')}&port={port}"


def environment(direct: str = "") -> dict[str, str]:
    """Of a web server as it is run for real, on the tests' database."""
    place = connection.settings_dict
    url = address(place["HOST"], place["PORT"])
    return {
        "DJANGO_SETTINGS_MODULE": "baystate.settings",
        "DATABASE_URL": url,
        "DATABASE_DIRECT_URL": direct or url,
        "BAYSTATE_SWEEP_SECONDS": "0",
        "BAYSTATE_LIVE_SOCKETS_PER_USER": "200",
    }


@pytest.fixture
def job() -> ScrapeJob:
    return make.running_job(make.runner())


@pytest.fixture
def cookie() -> str:
    return session_of(make.staff("scraping.view_operations"))


@pytest.fixture
def relay() -> Iterator[Relay]:
    place = connection.settings_dict
    relay = Relay(f"{place['HOST']}/.s.PGSQL.{place['PORT']}")
    yield relay
    relay.close()


class Page:
    """Reads a log over one socket after the other."""

    def __init__(self, url: str, cookie: str, job: ScrapeJob) -> None:
        self.place = urlsplit(url).netloc
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={cookie}"
        self.job = str(job.pk)
        self.after = 0
        self.said: list[str] = []
        self.ended = False

    def open(self) -> websocket.WebSocket:
        socket = websocket.create_connection(
            f"ws://{self.place}/ws/live/", cookie=self.cookie, origin=f"http://{self.place}", timeout=60
        )
        socket.send(json.dumps({"watch": "job", "id": self.job, "after": self.after}))
        return socket

    def take(self, socket: websocket.WebSocket) -> None:
        """The next message, confirmed."""
        message = json.loads(socket.recv())
        if message["type"] == "lines":
            assert message["from"] == self.after + 1
            self.said += [line["message"] for line in message["lines"]]
            self.after = message["to"]
        self.ended = message["type"] == "end"
        if "to" in message and not self.ended:
            socket.send(json.dumps({"id": self.job, "seen": message["to"]}))

    def until(self, line: str, socket: websocket.WebSocket) -> float:
        """Seconds until a line was read."""
        start = time.monotonic()
        while line not in self.said[-20:]:
            self.take(socket)
        return time.monotonic() - start

    def read_in_pieces(self, chance: random.Random) -> None:
        """To the end, cutting the wire after a few messages each time, without a goodbye."""
        for _ in range(1000):
            # a server that is busy closes the door: pages come again
            with suppress(OSError, websocket.WebSocketException), closing(self.open()) as socket:
                for _ in range(chance.randrange(1, 20)):
                    self.take(socket)
                    if self.ended:
                        return


def test_a_hundred_pages_with_cut_sockets_read_every_line_once(job: ScrapeJob, cookie: str) -> None:
    written = [f"line {number}" for number in range(1500)]
    with web.daphne(environment()) as url:
        pages = [Page(url, cookie, job) for _ in range(100)]
        threads = [
            threading.Thread(target=page.read_in_pieces, args=[random.Random(at)]) for at, page in enumerate(pages)
        ]
        for thread in threads:
            thread.start()
        for first in range(0, len(written), 25):
            append(job, *written[first : first + 25])
        ScrapeJob.objects.filter(pk=job.pk).update(
            status="completed", completed_at=timezone.now(), lease_expires_at=None
        )
        for thread in threads:
            thread.join(120)
    digests = {sha256("\n".join(page.said).encode()).hexdigest() for page in pages}
    assert digests == {sha256("\n".join(written).encode()).hexdigest()}


def test_a_restart_of_postgresql_costs_a_page_some_seconds(job: ScrapeJob, cookie: str) -> None:
    data: Path = connection.settings_dict["EMBEDDED"]["data"]
    with web.daphne(environment()) as url:
        page = Page(url, cookie, job)
        socket = page.open()
        append(job, "before")
        page.until("before", socket)
        connections.close_all()
        running = cluster.postmaster(data)
        assert running is not None
        running.send_signal(signal.SIGINT)
        assert cluster.ended(running, seconds=60)
        server.ensure(data, durable=False)
        append(job, "after")
        assert page.until("after", socket) <= CATCH_UP_SECONDS
        socket.close()


def test_a_listener_whose_wire_went_dead_costs_a_page_some_seconds(job: ScrapeJob, cookie: str, relay: Relay) -> None:
    with web.daphne(environment(direct=address("127.0.0.1", str(relay.port)))) as url:
        page = Page(url, cookie, job)
        socket = page.open()
        append(job, "before")
        page.until("before", socket)
        before = len(relay.links)
        relay.silence()
        append(job, "after")
        assert page.until("after", socket) <= CATCH_UP_SECONDS
        replaced = threading.Event()
        for number in range(200):
            if len(relay.links) > before or replaced.wait(0.1):
                break
            append(job, f"still {number}")
        assert len(relay.links) > before
        socket.close()
