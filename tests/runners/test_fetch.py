"""Fetching a site's pages: hosts, redirects, addresses, sizes, times, patience."""

import gzip
import ipaddress
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

import pytest

from runners.agent.fetch import Answer, Fetcher, Request, follow
from runners.agent.peers import PrivateHosts, is_public
from runners.agent.politeness import Politeness
from runners.agent.trouble import Trouble
from runners.protocol.definition import parse
from runners.protocol.words import Outcome
from tests.runners.wire import Asked, Clock, Reply, redirect, serving


@contextmanager
def fetching(
    *allowed: str,
    private: str = "127.0.0.1",
    clock: Clock | None = None,
    polite: Politeness | None = None,
    **politeness: Any,
) -> Iterator[Fetcher]:
    clock = clock or Clock()
    document = {
        "schema_version": 1,
        "slug": "acme",
        "engine": "http",
        "hosts": {"allowed": list(allowed)},
        "politeness": {"delay_s": 0, **politeness},
        "search": {"url": f"http://{allowed[0]}/search?q={{sku}}"},
        "fields": {"name": {"from": [{"css": "h1"}]}},
    }
    polite = polite or Politeness(monotonic=clock.monotonic, sleep=clock.sleep)
    fetcher = Fetcher(parse(document), politeness=polite, private=PrivateHosts(private), sleep=clock.sleep)
    try:
        yield fetcher
    finally:
        fetcher.close()


def refused(step: Callable[[], object]) -> Trouble:
    with pytest.raises(Trouble) as caught:
        step()
    return caught.value


def test_it_returns_what_a_page_says() -> None:
    with serving(lambda asked: Reply("<h1>Gold</h1>")) as site, fetching(site.host) as fetcher:
        answer = fetcher.get(f"{site.url}/p/1")
    assert (answer.status, answer.body, answer.url) == (200, b"<h1>Gold</h1>", f"{site.url}/p/1")
    assert answer.content_type == "text/html; charset=utf-8"


def test_it_never_fetches_a_host_the_definition_does_not_name() -> None:
    with serving(lambda asked: Reply("secret")) as other, fetching("www.acme.test") as fetcher:
        with pytest.raises(Trouble) as caught:
            fetcher.get(f"{other.url}/")
        assert (caught.value.outcome, other.asked) == (Outcome.POLICY_DENIED, [])


def test_it_follows_redirects_between_the_definitions_hosts_and_keeps_their_cookies() -> None:
    def second(asked: Asked) -> Reply:
        return Reply(f"seen {asked.cookies.get('a')}")

    with serving(second) as cdn:
        start = redirect(f"{cdn.url}/b?x=ä".encode().decode("latin-1"), 302, Set_Cookie="a=1; Path=/")
        with serving(lambda asked: start) as site, fetching(site.host, cdn.host) as fetcher:
            answer = fetcher.get(f"{site.url}/a")
    assert answer.url == f"{cdn.url}/b?x=%C3%A4"
    assert answer.body == b"seen 1"


def test_a_redirect_in_another_encoding_is_followed_as_it_was_sent() -> None:
    def reply(asked: Asked) -> Reply:
        return Reply("ok") if asked.query else redirect("/b?x=\xe4")

    with serving(reply) as site, fetching(site.host) as fetcher:
        assert fetcher.get(site.url).url == f"{site.url}/b?x=%C3%A4"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_secrets_and_cookies_do_not_follow_a_redirect_to_another_host(status: int) -> None:
    with serving(lambda asked: Reply("thank you")) as thief:
        leave = redirect(f"{thief.url}/take", status, Set_Cookie="session=canary")
        with serving(lambda asked: leave) as site, fetching(site.host) as fetcher:
            trouble = refused(lambda: fetcher.once("POST", f"{site.url}/login", (("password", "canary"),)))
    assert trouble.outcome is Outcome.POLICY_DENIED
    assert thief.asked == []


@pytest.mark.parametrize(("status", "method", "body"), [(302, "GET", b""), (303, "GET", b""), (307, "POST", b"a=1")])
def test_a_form_is_sent_on_only_where_the_redirect_says_so(status: int, method: str, body: bytes) -> None:
    def reply(asked: Asked) -> Reply:
        return redirect("/there", status) if asked.path == "/here" else Reply("ok")

    with serving(reply) as site, fetching(site.host) as fetcher:
        fetcher.once("POST", f"{site.url}/here", (("a", "1"),))
        assert (site.asked[1].method, site.asked[1].body) == (method, body)


def test_a_login_is_never_led_out_of_https() -> None:
    request = Request("POST", "https://www.acme.test/login", (("password", "canary"),))
    answer = Answer(request.url, 307, {"Location": "http://www.acme.test/login"}, b"")
    with pytest.raises(Trouble) as caught:
        follow(request, answer, keep_https=True)
    assert caught.value.outcome is Outcome.POLICY_DENIED


def test_redirects_in_a_circle_end() -> None:
    with serving(lambda asked: redirect("/again")) as site, fetching(site.host) as fetcher:
        with pytest.raises(Trouble, match="more than 10 times"):
            fetcher.get(f"{site.url}/again")
        assert len(site.asked) == 10


def test_it_talks_to_a_private_address_only_where_the_operator_named_it() -> None:
    with serving(lambda asked: Reply("internal")) as site, fetching(site.host, private="") as fetcher:
        with pytest.raises(Trouble, match="not a public address") as caught:
            fetcher.get(site.url)
        assert (caught.value.outcome, site.asked) == (Outcome.POLICY_DENIED, [])


@pytest.mark.parametrize(
    ("named", "host", "address"),
    [
        ("localhost", "localhost", "127.0.0.1"),
        ("10.0.0.0/8, [::1]", "shop.test", "10.1.2.3"),
        ("shop.test:8080", "shop.test", "::1"),
    ],
)
def test_the_operator_names_hosts_addresses_or_networks(named: str, host: str, address: str) -> None:
    private = PrivateHosts(named)
    assert private.allows(host, ipaddress.ip_address(address))
    assert not private.allows("other.test", ipaddress.ip_address("192.168.1.1"))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "fc00::1", "224.0.0.1",
     "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
)  # fmt: skip
def test_an_address_inside_is_not_public_however_it_is_wrapped(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_a_long_page_is_cut_off_while_it_streams() -> None:
    endless = itertools.repeat(b"x" * 1000)
    with serving(lambda asked: Reply(pieces=endless)) as site, fetching(site.host, max_bytes=50_000) as fetcher:
        trouble = refused(lambda: fetcher.get(site.url))
    assert (trouble.outcome, trouble.sentence) == (Outcome.POLICY_DENIED, "the page is larger than 50,000 bytes")


def test_a_page_that_unpacks_to_too_much_is_refused() -> None:
    packed = Reply(gzip.compress(b"0" * 5_000_000), headers={"Content-Encoding": "gzip"})
    with serving(lambda asked: packed) as site, fetching(site.host, max_bytes=1_000_000) as fetcher:
        trouble = refused(lambda: fetcher.get(site.url))
    assert trouble.outcome is Outcome.POLICY_DENIED


def test_a_body_that_drips_meets_the_deadline() -> None:
    stop = threading.Event()

    def drip() -> Iterator[bytes]:
        while not stop.wait(0.02):
            yield b"."

    with serving(lambda asked: Reply(pieces=drip())) as site, fetching(site.host, timeout_s=0.15) as fetcher:
        with pytest.raises(Trouble, match=r"took longer than 0\.15 s") as caught:
            fetcher.once("GET", site.url)
        stop.set()
    assert caught.value.outcome is Outcome.NETWORK


def test_a_header_that_drips_is_hung_up_on() -> None:
    pause, hung_up = threading.Event(), threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            try:
                for _ in range(100):
                    pause.wait(0.02)
                    connection.sendall(b"y")
            except OSError:
                hung_up.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        with fetching(host, timeout_s=0.15) as fetcher:
            trouble = refused(lambda: fetcher.once("GET", f"http://{host}/"))
        thread.join()
    assert trouble.sentence == "127.0.0.1 took longer than 0.15 s"
    assert hung_up.is_set()


def test_headers_that_never_come_meet_the_deadline() -> None:
    stop = threading.Event()

    def silent(asked: Asked) -> Reply:
        stop.wait(5)
        return Reply(hang_up=True)

    with serving(silent) as site, fetching(site.host, timeout_s=0.1) as fetcher:
        with pytest.raises(Trouble, match="took longer"):
            fetcher.once("GET", site.url)
        stop.set()


def test_it_waits_as_long_as_retry_after_asks() -> None:
    replies = iter([Reply("slow down", 429, {"Retry-After": "8"}), Reply("ok")])
    clock = Clock()
    with serving(lambda asked: next(replies)) as site, fetching(site.host, clock=clock) as fetcher:
        assert fetcher.get(site.url).body == b"ok"
    assert clock.waits == [8]


def test_nobody_asks_a_site_that_asked_for_quiet() -> None:
    others = Clock()
    polite = Politeness(monotonic=others.monotonic, sleep=others.sleep)
    replies = iter([Reply("slow down", 429, {"Retry-After": "8"}), Reply("ok")])
    with serving(lambda asked: next(replies)) as site, fetching(site.host, polite=polite) as fetcher:
        fetcher.get(site.url)
        with polite.turn(site.host, delay=0, parallel=1):
            assert others.waits == [8]


def test_a_site_that_asks_for_an_hour_is_left_alone() -> None:
    with serving(lambda asked: Reply("", 429, {"Retry-After": "3600"})) as site, fetching(site.host) as fetcher:
        with pytest.raises(Trouble, match="asks to wait 3,600 s") as caught:
            fetcher.get(site.url)
        assert (caught.value.outcome, len(site.asked)) == (Outcome.BLOCKED, 1)


def test_an_error_that_passes_is_tried_three_times() -> None:
    replies = iter([Reply("", 500), Reply(hang_up=True), Reply("ok")])
    with serving(lambda asked: next(replies)) as site, fetching(site.host) as fetcher:
        assert fetcher.get(site.url).body == b"ok"
        assert len(site.asked) == 3


def test_an_error_that_stays_is_the_networks_after_three_tries() -> None:
    clock = Clock()
    with serving(lambda asked: Reply("", 500)) as site, fetching(site.host, clock=clock) as fetcher:
        with pytest.raises(Trouble, match="500 Internal Server Error, 3 times") as caught:
            fetcher.get(site.url)
        assert (caught.value.outcome, len(site.asked)) == (Outcome.NETWORK, 3)
    assert 0.5 <= clock.waits[0] <= 1 <= clock.waits[1] <= 2


def test_a_challenge_is_obeyed_at_once() -> None:
    with serving(lambda asked: Reply("<title>Just a moment...</title>", 503)) as site, fetching(site.host) as fetcher:
        with pytest.raises(Trouble) as caught:
            fetcher.get(site.url)
        assert (caught.value.outcome, len(site.asked)) == (Outcome.BLOCKED, 1)


def test_a_name_nobody_knows_is_said_without_the_errors_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", Mock(side_effect=socket.gaierror("canary")))
    with fetching("no-such-host.invalid") as fetcher, pytest.raises(Trouble) as caught:
        fetcher.once("GET", "http://no-such-host.invalid/?password=canary")
    assert caught.value.outcome is Outcome.NETWORK
    assert caught.value.sentence == "the name no-such-host.invalid is not known"


def test_a_missing_page_is_an_answer_not_trouble() -> None:
    with serving(lambda asked: Reply("gone", 404)) as site, fetching(site.host) as fetcher:
        answer = fetcher.get(site.url)
    assert (answer.status, answer.body) == (404, b"gone")
