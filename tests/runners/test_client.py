"""Speaking to a server, and to what stands in its place."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runners.agent import client as client_room
from runners.agent.answers import Away, Gap, JobOver, KeyRefused, Refused, ServerSaid, TooLarge
from runners.agent.client import Client, origin, until_answered
from runners.protocol.messages import Heartbeat, LogLine, PollRequest
from tests.runners.fake_server import KEY, FakeServer, error, server
from tests.runners.wire import Reply, answer, redirect, serving


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with server() as running:
        yield running


def said(reply: Reply) -> ServerSaid:
    with serving(lambda asked: reply) as wire:
        client = Client(wire.url, KEY)
        with pytest.raises(ServerSaid) as caught:
            client.poll(PollRequest())
        client.close()
    return caught.value


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(401, "unauthorized"), KeyRefused),
        (error(403, "key_revoked"), KeyRefused),
        (error(403, "key_expired"), KeyRefused),
        (error(403, "scraper_not_allowed"), Refused),
        (error(404, "no_credentials"), Refused),
        (error(400, "malformed"), Refused),
        (error(409, "cancelled"), JobOver),
        (error(413, "too_large"), TooLarge),
        (Reply("<h1>413</h1>", 413), TooLarge),
        (error(416, "gap", expected=7), Gap),
        (error(429, "slow"), Away),
        (error(500, "server_error"), Away),
        (error(503, "full"), Away),
        (Reply("<h1>Not found</h1>", 404), Away),
        (Reply("<h1>Forbidden</h1>", 403), Away),
        (Reply("<h1>Who are you?</h1>", 401), Away),
        (Reply("<h1>Bad gateway</h1>", 502), Away),
        (Reply("<h1>Welcome</h1>", 200), Away),
        (answer({"job": "?"}), Away),
        (Reply(hang_up=True), Away),
    ],
)
def test_each_answer_has_its_meaning(reply: Reply, kind: type[ServerSaid]) -> None:
    assert type(said(reply)) is kind


def test_it_says_how_long_the_server_wants_it_to_wait_but_not_for_ever() -> None:
    waits = [said(answer({}, 503, Retry_After=text)) for text in ("3", "86400")]
    assert [away.wait for away in waits if isinstance(away, Away)] == [3, 300]


def test_a_server_that_asks_for_no_wait_is_not_asked_in_a_rush() -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return False

    assert until_answered(flaky(Away("busy", wait=0), Away("busy", wait=7), "up"), pause=pause) == "up"
    assert pauses[0] >= 0.5
    assert pauses[1] == 7


def test_a_gap_names_the_line_to_go_on_from() -> None:
    gap = said(error(416, "gap", expected=7))
    assert isinstance(gap, Gap)
    assert gap.expected == 7


def test_the_key_never_follows_a_redirect() -> None:
    with serving(lambda asked: answer({"job": None})) as thief:
        assert isinstance(said(redirect(f"{thief.url}/api/scraper/v1/poll", 307)), Away)
        assert thief.asked == []


def test_it_sends_its_key_alone_without_cookies_or_other_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    greeting = answer({"job": None}, Set_Cookie="session=1")
    with serving(lambda asked: greeting) as wire:
        client = Client(wire.url, KEY)
        client.poll(PollRequest())
        client.poll(PollRequest())
        client.close()
        last = wire.asked[-1].headers
    assert (last["X-API-Key"], last.get("Authorization"), last.get("Cookie")) == (KEY, None, None)


def test_it_speaks_the_shapes_of_the_api(fake: FakeServer) -> None:
    fake.secrets["bradley"] = {"username": "u", "password": "p"}
    fake.offer({"slug": "bradley"}, skus=["007"])
    client = Client(fake.wire.url + "/", KEY)
    offer = client.poll(PollRequest(version="1")).job
    assert offer is not None
    assert offer.skus == ["007"]
    assert client.job("job-1").scrapers[0].name == "bradley"
    assert client.credentials("bradley") == {"username": "u", "password": "p"}
    assert client.logs("job-1", [LogLine(message="x", seq=1)]).acked == 1
    assert client.heartbeat(Heartbeat(jobs=[])).heartbeat_seconds == 10
    client.close()
    assert fake.lines == [{"message": "x", "seq": 1}]


def test_it_says_no_secret_when_an_answer_makes_no_sense() -> None:
    with serving(lambda asked: answer({"username": ["canary"]})) as wire:
        client = Client(wire.url, KEY)
        with pytest.raises(Away) as caught:
            client.credentials("bradley")
        client.close()
    assert "canary" not in repr(caught.value) + str(caught.value.__cause__)


def flaky(*answers: object) -> Callable[[], object]:
    waiting = iter(answers)

    def call() -> object:
        value = next(waiting)
        if isinstance(value, Exception):
            raise value
        return value

    return call


def test_it_waits_for_a_server_that_is_not_up_yet() -> None:
    waits: list[float] = []

    def pause(seconds: float) -> bool:
        waits.append(seconds)
        return False

    heard: list[Away] = []
    call = flaky(Away("no answer"), Away("no answer"), Away("later", wait=17), "up")
    assert until_answered(call, pause=pause, away=heard.append) == "up"
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2
    assert waits[2:] == [17]
    assert len(heard) == 3


def test_what_stands_in_the_servers_place_never_stops_it() -> None:
    waits: list[float] = []

    def pause(seconds: float) -> bool:
        waits.append(seconds)
        return False

    replies = iter(
        [
            Reply("<h1>Not found</h1>", 404),
            Reply("{}", 404),
            answer({"error": "Too many requests.", "code": "throttled", "details": {}}, 429, Retry_After="7"),
            answer({"error": "The database is full.", "code": "unavailable", "details": {}}, 503, Retry_After="5"),
            Reply("<h1>Bad gateway</h1>", 502),
            answer({"job": None}),
        ]
    )
    with serving(lambda asked: next(replies)) as wire:
        client = Client(wire.url, KEY)
        assert until_answered(lambda: client.poll(PollRequest()), pause=pause).job is None
        client.close()
    assert (len(waits), waits[2:4]) == (5, [7, 5])


def test_it_gives_up_waiting_when_told_to_stop() -> None:
    with pytest.raises(Away):
        until_answered(flaky(Away("no answer"), "up"), pause=lambda seconds: True)


@pytest.mark.parametrize(("patience", "most"), [(0.0, 1000), (60.0, 8)])
def test_an_answer_that_does_not_end_is_no_answer(monkeypatch: pytest.MonkeyPatch, patience: float, most: int) -> None:
    monkeypatch.setattr(client_room, "MOST_BYTES", most)
    with serving(lambda asked: Reply(pieces=iter([b" "] * 1000))) as wire:
        client = Client(wire.url, KEY, patience=patience)
        with pytest.raises(Away, match="does not end"):
            client.poll(PollRequest())
        client.close()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000", "https://shop.example"]
)
def test_loopback_and_https_need_no_flag(url: str) -> None:
    assert origin(f"{url}/") == url


@pytest.mark.parametrize(
    "url",
    [
        *["http://shop.example", "ftp://shop.example", "shop.example", "", "https://u:p@shop.example"],
        *["http://127.0.0.1:99999", "https://shop.example:0", "https://shop.example:x"],
    ],
)
def test_it_refuses_an_address_that_would_show_the_key_or_is_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be|plain http"):
        origin(url)


def test_plain_http_beyond_loopback_needs_a_flag() -> None:
    assert origin("http://10.0.0.5:8000", plain_http=True) == "http://10.0.0.5:8000"
