"""What keeps a runner alive in the server's eyes."""

import threading
from collections.abc import Iterator

import pytest

from runners.agent.client import Client
from runners.agent.heart import Heart
from runners.protocol.messages import Heartbeat, HeartbeatAnswer
from tests.runners.fake_server import KEY, FakeServer, server


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with server() as running:
        running.job = {"heartbeat_seconds": 0.01}
        yield running


def test_it_beats_on_whatever_goes_wrong_with_one_beat(fake: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    client, said, twice = Client(fake.wire.url, KEY), iter([1, 2]), threading.Event()

    def say() -> Heartbeat:
        if next(said, 0) == 1:
            raise RuntimeError("dictionary changed size during iteration")
        return Heartbeat(jobs=[])

    def hear(answer: HeartbeatAnswer) -> None:
        if len(fake.beats) >= 2:
            twice.set()

    heart = Heart(client, say=say, hear=hear, refused=lambda refused: None, seconds=0.01)
    heart.start()
    assert twice.wait(10)
    heart.close()
    client.close()
    assert "a heartbeat failed by our own fault" in caplog.text
