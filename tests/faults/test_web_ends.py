"""SIGTERM to a busy web server: what it has begun it answers, then it ends in good order."""

import signal
import threading
from collections import Counter
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests import make
from tests.faults.processes import WebServer
from tests.faults.waiting import until

pytestmark = pytest.mark.slow


def test_a_busy_server_ends_in_good_order(database: None, tmp_path: Path) -> None:
    key = make.key(make.runner("asks until the end"))
    server = WebServer(tmp_path / "web.log")
    codes: Counter[int] = Counter()

    def ask_until_it_is_gone() -> None:
        wire = HTTPConnection("127.0.0.1", server.port, timeout=30)
        while True:
            try:
                wire.request("POST", "/api/scraper/v1/poll", b"{}", {"X-API-Key": key})
                answer = wire.getresponse()
                answer.read()
            except (OSError, HTTPException):
                return
            codes[answer.status] += 1

    asking = [threading.Thread(target=ask_until_it_is_gone) for _ in range(6)]
    try:
        server.start()
        for thread in asking:
            thread.start()
        until(lambda: codes[200] > 60, otherwise=lambda: server.said)
        server.signal(signal.SIGTERM)
        assert server.wait() == 0, server.said
    finally:
        server.kill()
        for thread in asking:
            thread.join(30)
    assert set(codes) <= {200, 503}
    assert "Traceback" not in server.said
