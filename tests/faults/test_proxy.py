"""The proxy itself: what a client and a server see of each fault."""

import threading
from collections.abc import Iterator

import pytest
import requests

from runners.agent.session import Session
from tests.faults.proxy import Fault, Proxy, either, next_ones
from tests.faults.waiting import until
from tests.runners.wire import Asked, Reply, Wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire(lambda asked: Reply(f"heard {asked.body.decode()}"))
    yield wire
    wire.close()


@pytest.fixture
def proxy(wire: Wire) -> Iterator[Proxy]:
    proxy = Proxy(wire.port)
    yield proxy
    proxy.close()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with Session() as session:
        yield session


def say(session: requests.Session, proxy: Proxy, word: str, path: str = "/logs", timeout: float = 10) -> str:
    return session.post(proxy.url + path, data=word, timeout=timeout).text


def heard(wire: Wire) -> list[str]:
    return [asked.body.decode() for asked in wire.asked]


def test_without_a_rule_it_carries_every_exchange_of_a_connection(
    wire: Wire, proxy: Proxy, session: requests.Session
) -> None:
    assert [say(session, proxy, word) for word in ("one", "two")] == ["heard one", "heard two"]
    assert heard(wire) == ["one", "two"]


@pytest.mark.parametrize(
    ("fault", "reached"),
    [
        (Fault.DROP, False),
        (Fault.RESET_AFTER_REQUEST, True),
        (Fault.RESET_BEFORE_REPLY, True),
        (Fault.CUT_REPLY, True),
    ],
)
def test_a_reset_is_one_for_the_client_whether_or_not_the_server_heard(
    wire: Wire, proxy: Proxy, session: requests.Session, fault: Fault, reached: bool
) -> None:
    proxy.rule = next_ones("/logs", fault)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        say(session, proxy, "one")
    assert say(session, proxy, "two") == "heard two"
    until(lambda: len(wire.asked) == 1 + reached)
    assert sorted(heard(wire)) == (["one", "two"] if reached else ["two"])


def test_a_black_hole_says_nothing_and_keeps_nobody_else_waiting(
    wire: Wire, proxy: Proxy, session: requests.Session
) -> None:
    proxy.rule = next_ones("/logs", Fault.BLACKHOLE)
    with pytest.raises(requests.Timeout):
        say(session, proxy, "one", timeout=0.2)
    assert say(session, proxy, "two") == "heard two"
    assert heard(wire) == ["two"]


def test_a_duplicate_is_heard_twice_and_answered_once(wire: Wire, proxy: Proxy, session: requests.Session) -> None:
    proxy.rule = next_ones("/logs", Fault.DUPLICATE)
    assert say(session, proxy, "one") == "heard one"
    assert heard(wire) == ["one", "one"]


def test_a_delay_delays_both_ways(
    wire: Wire, proxy: Proxy, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.proxy._DELAY", 0.1)
    arrived = threading.Event()

    def reply(asked: Asked) -> Reply:
        arrived.set()
        return Reply("late")

    wire.reply = reply
    proxy.rule = next_ones("/logs", Fault.DELAY)
    with pytest.raises(requests.Timeout):
        say(session, proxy, "one", timeout=0.15)
    assert arrived.wait(5)


def test_a_rule_names_what_it_harms(wire: Wire, proxy: Proxy, session: requests.Session) -> None:
    proxy.rule = either(
        next_ones("/logs", Fault.DROP, holding=b"bad"), next_ones("/beat", Fault.DROP, holding=b"bad", times=2)
    )
    assert say(session, proxy, "good") == "heard good"
    for path in ("/logs", "/beat", "/beat"):
        with pytest.raises(requests.ConnectionError):
            say(session, proxy, "bad", path)
    assert say(session, proxy, "bad", "/logs?late=1") == "heard bad"
    assert [fault for _exchange, fault in proxy.seen if fault] == [Fault.DROP] * 3


def test_a_server_that_is_away_is_away(wire: Wire, session: requests.Session) -> None:
    wire.close()
    proxy = Proxy(wire.port)
    try:
        with pytest.raises(requests.ConnectionError):
            say(session, proxy, "one")
    finally:
        proxy.close()
