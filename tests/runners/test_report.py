"""A job's lines on their way to the server."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runners.agent import voice
from runners.agent.client import Client
from runners.agent.redact import Redactor
from runners.agent.report import ScraperAPIHandler
from runners.agent.spool import Spool
from runners.protocol.messages import LogLine
from tests.runners.fake_server import KEY, FakeServer, error, server
from tests.runners.wire import Asked, Reply, answer


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with server() as running:
        yield running


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runners.agent.outbox.backoff", lambda attempt: 0)


@contextmanager
def reporting(fake: FakeServer, *secrets: str, linger: float = 60) -> Iterator[ScraperAPIHandler]:
    client = Client(fake.wire.url, KEY)
    handler = ScraperAPIHandler(client, "job-1", Spool(None).lines("job-1"), redactor=Redactor(secrets), linger=linger)
    voice.log.addHandler(handler)
    voice.log.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        voice.log.removeHandler(handler)
        handler.close()
        client.close()


def posts(fake: FakeServer) -> list[list[int]]:
    return [[line["seq"] for line in asked.json["logs"]] for asked in fake.wire.asked]


def test_lines_are_numbered_from_one_with_level_time_scraper_and_sku(fake: FakeServer) -> None:
    with reporting(fake) as handler:
        with voice.about(job="job-1", scraper="acme", sku="007"):
            voice.log.warning("%s is slow", "acme")
        voice.log.debug("done")
        assert handler.send_all(5)
    first, second = fake.lines
    assert (first["seq"], first["level"], first["message"]) == (1, "warning", "acme is slow")
    assert (first["scraper"], first["sku"]) == ("acme", "007")
    assert first["timestamp"].endswith("Z")
    assert (second["seq"], second["level"], second["scraper"]) == (2, "debug", None)


def test_twenty_lines_go_without_waiting(fake: FakeServer) -> None:
    with reporting(fake):
        for number in range(20):
            voice.log.info("line %s", number)
        fake.wait_for(lambda: fake.head == 20)
    assert posts(fake) == [list(range(1, 21))]


def test_one_line_goes_after_its_second(fake: FakeServer) -> None:
    with reporting(fake, linger=0.01):
        voice.log.info("alone")
        fake.wait_for(lambda: fake.head == 1)
    assert fake.messages() == ["alone"]


def test_up_to_five_hundred_go_at_once_when_it_is_behind(fake: FakeServer) -> None:
    all_said = threading.Event()

    def slow(asked: Asked) -> Reply | None:
        assert all_said.wait(10)
        return None

    fake.before = slow
    with reporting(fake) as handler:
        for number in range(1200):
            voice.log.info("line %s", number)
        all_said.set()
        assert handler.send_all(5)
    sizes = [len(post) for post in posts(fake)]
    assert sizes[1] == max(sizes) == 500  # the first took what had been said by then, at most 500 of the 1200
    assert [line["seq"] for line in fake.lines] == list(range(1, 1201))


def test_a_line_whose_reply_was_lost_is_stored_once(fake: FakeServer) -> None:
    lost = iter([Reply(hang_up=True)])
    fake.after = lambda asked, reply: next(lost, reply)
    with reporting(fake) as handler:
        voice.log.info("one")
        voice.log.info("two")
        assert handler.send_all(5)
    assert fake.messages() == ["one", "two"]
    assert posts(fake) == [[1, 2], [1, 2]]


def test_after_a_gap_it_goes_on_from_where_the_server_is(fake: FakeServer) -> None:
    fake.lines = [{"seq": 1, "message": "kept"}]
    with reporting(fake) as handler:
        for word in ("one", "two", "three"):
            voice.log.info(word)
        assert handler.send_all(5)
    assert fake.messages() == ["kept", "two", "three"]


def test_lines_it_no_longer_has_are_counted_in_a_mark(fake: FakeServer) -> None:
    with reporting(fake) as handler:
        voice.log.info("one")
        assert handler.send_all(5)
        fake.lines.clear()
        voice.log.info("two")
        assert handler.send_all(5)
    assert [(line["seq"], line.get("through"), line["message"]) for line in fake.lines] == [
        (1, 1, "1 line(s) did not arrive"),
        (2, None, "two"),
    ]


def test_a_batch_that_is_too_large_is_halved(fake: FakeServer) -> None:
    fake.before = lambda asked: error(413, "too_large") if len(asked.json["logs"]) > 3 else None
    with reporting(fake) as handler:
        for number in range(10):
            voice.log.info("line %s", number)
        assert handler.send_all(5)
    assert fake.head == 10


def test_a_line_the_server_refuses_gives_way_to_a_mark(fake: FakeServer) -> None:
    def refuse(asked: Asked) -> Reply | None:
        return error(400, "malformed") if "poison" in asked.body.decode() else None

    fake.before = refuse
    with reporting(fake) as handler:
        for word in ("one", "poison", "three"):
            voice.log.info(word)
        assert handler.send_all(5)
    assert fake.messages() == ["one", "the server refused this line: sentence of malformed", "three"]


def test_a_closed_log_is_sent_no_further(fake: FakeServer) -> None:
    fake.before = lambda asked: answer({"success": True, "count": 0, "truncated": True})
    with reporting(fake) as handler:
        voice.log.info("one")
        assert handler.send_all(5)
    assert len(fake.wire.asked) == 1


def test_secrets_are_hidden_in_lines_and_tracebacks(fake: FakeServer) -> None:
    with reporting(fake, "canary&co") as handler:
        voice.log.info("https://x.test/?p=canary%26co")
        try:
            raise ValueError("canary&co was refused")
        except ValueError:
            voice.log.exception("it broke")
        assert handler.send_all(5)
    assert "canary" not in repr(fake.lines)
    assert "Traceback" in fake.messages()[1]


def test_a_long_line_is_cut(fake: FakeServer) -> None:
    with reporting(fake) as handler:
        voice.log.info("x" * 50_000)
        assert handler.send_all(5)
    assert len(fake.messages()[0]) < 16_100


def test_a_line_about_another_job_is_not_this_jobs(fake: FakeServer) -> None:
    with reporting(fake) as handler:
        with voice.about(job="job-0"):
            voice.log.info("late")
        voice.log.info("mine")
        assert handler.send_all(5)
    assert fake.messages() == ["mine"]


def test_lines_are_in_json_as_the_api_names_them(fake: FakeServer) -> None:
    with reporting(fake) as handler:
        voice.log.info("one")
        assert handler.send_all(5)
    assert set(fake.lines[0]) <= set(LogLine.model_fields)
    assert fake.wire.asked[0].json["job_id"] == "job-1"
