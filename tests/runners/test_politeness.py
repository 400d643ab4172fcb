"""Taking turns at a site."""

import threading
from datetime import UTC, datetime

import pytest

from runners.agent.politeness import Politeness
from runners.agent.waiting import backoff, retry_after
from tests.runners.wire import Clock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_requests_to_one_host_start_apart_and_other_hosts_do_not_wait() -> None:
    clock = Clock()
    polite = Politeness(monotonic=clock.monotonic, sleep=clock.sleep)
    for host in ("acme", "acme", "coastal", "acme"):
        with polite.turn(host, delay=1.5, parallel=1):
            pass
    assert clock.waits == [1.5, 1.5]


def test_a_held_host_is_left_alone_that_long() -> None:
    clock = Clock()
    polite = Politeness(monotonic=clock.monotonic, sleep=clock.sleep)
    polite.hold("acme", 30)
    polite.hold("acme", 8)
    with polite.turn("acme", delay=0, parallel=1):
        assert clock.waits == [30]


def test_no_more_than_the_allowed_number_talk_to_a_host_at_once() -> None:
    clock = Clock()
    polite = Politeness(monotonic=clock.monotonic, sleep=clock.sleep)
    entered = threading.Event()

    def third() -> None:
        with polite.turn("acme", delay=0, parallel=2):
            entered.set()

    with polite.turn("acme", delay=0, parallel=2):
        with polite.turn("acme", delay=0, parallel=2):
            thread = threading.Thread(target=third)
            thread.start()
            assert not entered.wait(0.02)
        assert entered.wait(5)
    thread.join()


def test_a_turn_that_fails_frees_the_host() -> None:
    polite = Politeness()
    with pytest.raises(RuntimeError), polite.turn("acme", delay=0, parallel=1):
        raise RuntimeError
    with polite.turn("acme", delay=0, parallel=1):
        assert True


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("8", 8),
        (" 0 ", 0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, now=NOON) == seconds


def test_waits_double_up_to_the_longest_and_vary_by_half() -> None:
    assert [backoff(n, chance=lambda: 1.0) for n in (1, 2, 3, 6, 10_000)] == [1, 2, 4, 30, 30]
    assert backoff(3, chance=lambda: 0.0) == 2
