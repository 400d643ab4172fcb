"""Who may open the socket, what it may ask, and when it ends."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import override_settings

from scraping.live import hub
from scraping.models import ScrapeJob
from tests import make
from tests.scraping.sockets import Socket, append, off_loop, opened, run, session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maria() -> User:
    return make.staff("scraping.view_operations")


@pytest.fixture
def job() -> ScrapeJob:
    return make.running_job(make.runner())


def opens(socket: Socket) -> bool:
    async def test() -> bool:
        let_in = await socket.open()
        await socket.close()
        return let_in

    return run(test())


def test_staff_are_let_in(maria: User) -> None:
    assert opens(Socket(session_of(maria)))


def test_strangers_are_not() -> None:
    visitor = session_of(User.objects.create_user("visitor"))
    assert not any(opens(Socket(cookie)) for cookie in ("", "nonsense", "\N{SNOWMAN}", visitor))


def test_pages_of_other_sites_are_not(maria: User) -> None:
    cookie = session_of(maria)
    assert not any(opens(Socket(cookie, origin=origin)) for origin in ("https://elsewhere.test", "null", None))


def test_there_is_one_address(maria: User) -> None:
    assert not opens(Socket(session_of(maria), path="/ws/other/"))


def test_either_permission_lets_a_log_be_read(job: ScrapeJob) -> None:
    append(job, "one")

    async def test(cookie: str) -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            assert (await socket.hear("lines", "error"))["type"] == "lines"

    for permission in ("view_operations", "manage_operations"):
        run(test(session_of(make.staff(f"scraping.{permission}", name=permission))))


def test_without_a_permission_no_log_is_read_and_no_news_are_heard(job: ScrapeJob) -> None:
    async def test(cookie: str) -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            told = await socket.next()
            assert (told["code"], told["id"]) == ("not_allowed", str(job.pk))
            await socket.say(watch="operations")
            assert (await socket.next())["code"] == "not_allowed"

    run(test(session_of(make.staff())))


def log_out(maria: User) -> None:
    Session.objects.all().delete()


def change_password(maria: User) -> None:
    maria.set_password("another one")
    maria.save()


def lose_staff(maria: User) -> None:
    User.objects.filter(pk=maria.pk).update(is_staff=False)


def lose_permission(maria: User) -> None:
    maria.user_permissions.clear()


def test_whoever_may_no_longer_look_is_out_with_the_next_look() -> None:
    async def test(user: User, cookie: str, act: Callable[[User], None], code: int) -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="operations")
            await socket.hear("watching")
            await off_loop(act)(user)
            assert await socket.hear("closed") == {"type": "closed", "code": code}

    acts = [(lose_permission, 4403), (change_password, 4401), (lose_staff, 4401), (log_out, 4401)]
    with override_settings(LIVE_RECHECK_SECONDS=0.2):
        for act, code in acts:
            user = make.staff("scraping.view_operations", name=act.__name__)
            run(test(user, session_of(user), act, code))


def test_whoever_stays_is_left_alone(maria: User) -> None:
    async def test(cookie: str) -> None:
        async with opened(cookie) as socket:
            assert await socket.is_silent(0.8)
            await socket.say(ping=7)
            assert await socket.next() == {"type": "pong", "ping": 7}

    with override_settings(LIVE_RECHECK_SECONDS=0.2):
        run(test(session_of(maria)))


def test_who_speaks_nonsense_ten_times_is_out(maria: User) -> None:
    async def test(cookie: str) -> None:
        async with opened(cookie) as socket:
            for _ in range(10):
                await socket.say(watch="everything")
                assert (await socket.next())["code"] == "malformed"
            assert await socket.next() == {"type": "closed", "code": 4400}

    run(test(session_of(maria)))


def test_who_asks_without_end_is_out(maria: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise what a client never reads piles up in the server."""
    monkeypatch.setattr("scraping.consumers.RATE", 0)

    async def test(cookie: str) -> None:
        async with opened(cookie) as socket:
            for number in range(201):
                await socket.say(ping=number)
            for number in range(200):
                assert (await socket.next())["ping"] == number
            assert (await socket.next())["code"] == 4429

    run(test(session_of(maria)))


def test_more_sockets_than_allowed_are_closed(maria: User) -> None:
    async def test(cookie: str) -> None:
        async with opened(cookie), opened(cookie):
            third = Socket(cookie)
            assert await third.open()
            assert await third.next() == {"type": "closed", "code": 4429}
            await third.close()
        async with opened(cookie) as later:
            assert await later.is_silent()

    for limit in ("LIVE_SOCKETS", "LIVE_SOCKETS_PER_USER"):
        with override_settings(**{limit: 2}):
            run(test(session_of(maria)))


def test_a_limit_of_one_user_is_not_anothers(maria: User) -> None:
    async def test(mine: str, anothers: str) -> None:
        async with opened(mine), opened(anothers) as socket:
            assert await socket.is_silent()

    with override_settings(LIVE_SOCKETS_PER_USER=1):
        run(test(session_of(maria), session_of(make.staff(name="ann"))))


def test_more_watches_than_allowed_are_refused(maria: User, job: ScrapeJob) -> None:
    async def test(cookie: str) -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="banner")
            await socket.hear("watching")
            assert hub.watchers() == 1
            await socket.say(watch="job", id=job.pk, after=0)
            assert (await socket.next())["code"] == "too_many_watches"
            await socket.say(watch="banner")
            await socket.hear("watching")
            await socket.say(unwatch={"watch": "banner"})
            await socket.say(watch="job", id=job.pk, after=0)
            assert (await socket.next())["type"] == "job"
        assert hub.watchers() == 0

    with override_settings(LIVE_WATCHES=1):
        run(test(session_of(maria)))
