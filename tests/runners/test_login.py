"""Logging in to a site."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from runners.agent.fetch import Fetcher
from runners.agent.login import Login, safe_action
from runners.agent.page import read
from runners.agent.peers import PrivateHosts
from runners.agent.politeness import Politeness
from runners.agent.trouble import Trouble
from runners.protocol.definition import parse
from runners.protocol.words import Outcome
from tests.runners.shop import OUT, PASSWORD, USER, Shop, page
from tests.runners.wire import Clock, Reply, serving

SECRETS = {"username": USER, "password": PASSWORD}


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.wire.close()


@contextmanager
def logging_in(shop: Shop, secrets: dict[str, str] = SECRETS, **more: Any) -> Iterator[Login]:
    clock = Clock()
    polite = Politeness(monotonic=clock.monotonic, sleep=clock.sleep)
    definition = parse(shop.definition(**more))
    fetcher = Fetcher(definition, politeness=polite, private=PrivateHosts("127.0.0.1"), sleep=clock.sleep)
    assert definition.login
    try:
        yield Login(definition.login, fetcher, lambda: secrets)
    finally:
        fetcher.close()


def refusal(login: Login) -> Trouble:
    with pytest.raises(Trouble) as caught:
        login.enter()
    assert not login.entered
    return caught.value


def test_it_sends_the_form_as_a_browser_would(shop: Shop) -> None:
    with logging_in(shop) as login:
        login.enter()
        assert login.entered
    sent = next(asked for asked in shop.wire.asked if asked.method == "POST")
    assert sent.form == {"csrf": "t1", "stay": "1", "user": USER, "pass": PASSWORD, "go": "in"}
    assert (sent.path, sent.query) == ("/session", {"from": "login"})


def test_a_failure_mark_is_a_failed_login(shop: Shop) -> None:
    with logging_in(shop, {"username": USER, "password": "old"}) as login:
        trouble = refusal(login)
    assert (trouble.outcome, trouble.sentence) == (Outcome.LOGIN_FAILED, "the site says “invalid password”")
    assert shop.times("/session") == 1


def test_the_form_again_is_a_failed_login(shop: Shop) -> None:
    shop.special = lambda asked: shop.form() if asked.path == "/session" else None
    with logging_in(shop) as login:
        trouble = refusal(login)
    assert (trouble.outcome, trouble.sentence) == (Outcome.LOGIN_FAILED, "the site shows the login form again")


def test_a_refusing_status_is_a_failed_login(shop: Shop) -> None:
    shop.special = lambda asked: Reply("no", 403) if asked.path == "/session" else None
    with logging_in(shop) as login:
        assert refusal(login).outcome is Outcome.LOGIN_FAILED


def test_a_login_page_without_its_form_has_changed(shop: Shop) -> None:
    shop.special = lambda asked: page("<form><input name=q></form>")
    with logging_in(shop) as login:
        trouble = refusal(login)
    assert trouble.outcome is Outcome.LAYOUT_CHANGED
    assert trouble.sentence == "the login page has no form with the fields “user”, “pass”"


def test_a_login_that_nothing_is_stored_for_fails(shop: Shop) -> None:
    with logging_in(shop, {"username": USER}) as login:
        trouble = refusal(login)
    assert trouble.outcome is Outcome.LOGIN_FAILED
    assert "needs a password" in trouble.sentence
    assert shop.wire.asked == []


def test_a_fresh_form_is_fetched_for_each_try(shop: Shop) -> None:
    hiccups = iter([Reply("", 500)])
    shop.special = lambda asked: next(hiccups, None) if asked.path == "/session" else None
    with logging_in(shop) as login:
        login.enter()
    assert [asked.form["csrf"] for asked in shop.wire.asked if asked.method == "POST"] == ["t1", "t2"]


def test_the_password_goes_to_no_other_host(shop: Shop) -> None:
    with serving(lambda asked: Reply("thank you")) as thief:
        form = f'<form action="{thief.url}/take" method=post><input name=user><input name=pass></form>'
        shop.special = lambda asked: page(form)
        with logging_in(shop) as login:
            trouble = refusal(login)
        assert (trouble.outcome, thief.asked) == (Outcome.POLICY_DENIED, [])


def test_the_password_does_not_leave_https() -> None:
    with pytest.raises(Trouble) as caught:
        safe_action("https://shop.test/login", "http://shop.test/session")
    assert caught.value.outcome is Outcome.POLICY_DENIED
    assert safe_action("http://shop.test/login", "http://shop.test/session") == "http://shop.test/session"


def seen(body: str, status: int = 200) -> Any:
    return read(body.encode(), url="http://shop.test/", status=status, content_type="text/html; charset=utf-8")


def test_a_session_is_lost_when_the_form_is_there_again(shop: Shop) -> None:
    form = shop.form().body
    with logging_in(shop) as login:
        assert login.lost(seen(str(form)), "search")
        assert not login.lost(seen(OUT + str(form)), "search")


def test_a_session_is_lost_when_the_mark_of_it_goes(shop: Shop) -> None:
    with logging_in(shop) as login:
        assert not login.lost(seen("<h1>plain</h1>"), "product")
        assert not login.lost(seen(OUT), "search")
        assert login.lost(seen("<h1>plain</h1>"), "search")
        assert not login.lost(seen("<h1>plain</h1>"), "product")


def test_a_session_is_lost_when_the_site_refuses(shop: Shop) -> None:
    with logging_in(shop) as login:
        assert login.lost(seen("no", 401), "search")
