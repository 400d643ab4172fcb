"""The one listener of a process: when it is there, and what its readers notice when it is not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import override_settings

from scraping.live import database, doorbell, hub
from scraping.models import ScrapeJob
from tests import make, triggers
from tests.scraping.sockets import Socket, append, off_loop, opened, run, session_of, within

pytestmark = pytest.mark.django_db(transaction=True)
LISTENING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN baystate'"


@pytest.fixture
def job() -> ScrapeJob:
    return make.running_job(make.runner())


@pytest.fixture
def cookie() -> str:
    return session_of(make.staff("scraping.view_operations"))


@off_loop
def listeners() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(LISTENING)
        return [pid for (pid,) in cursor.fetchall()]


async def is_alive() -> bool:
    return doorbell.alive()


async def watch(socket: Socket, job: ScrapeJob) -> None:
    await socket.say(watch="job", id=job.pk, after=0)
    await socket.hear("job")
    assert await within(is_alive)


async def one_line_arrives(socket: Socket, job: ScrapeJob, said: str) -> None:
    await off_loop(append)(job, said)
    lines = await socket.hear("lines")
    assert [line["message"] for line in lines["lines"]] == [said]
    await socket.say(id=job.pk, seen=lines["to"])


def test_it_listens_while_somebody_watches_and_a_little_longer(
    job: ScrapeJob, cookie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "PATIENCE_SECONDS", 0.3)

    async def test() -> None:
        async with opened(cookie) as first, opened(cookie) as second:
            assert await listeners() == []
            await watch(first, job)
            await watch(second, job)
            assert len(await listeners()) == 1
            for socket in (first, second):
                await socket.say(unwatch={"watch": "job", "id": str(job.pk)})
            assert len(await listeners()) == 1
            assert await within(nobody_listens)
            assert not doorbell.alive()
            await watch(first, job)
            await one_line_arrives(first, job, "here again")

    run(test())


async def nobody_listens() -> bool:
    return await listeners() == []


def test_a_killed_listener_comes_back_and_what_was_missed_is_read(
    job: ScrapeJob, cookie: str, caplog: pytest.LogCaptureFixture
) -> None:
    @off_loop
    def kill() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM ({LISTENING}) listeners")

    async def test() -> None:
        async with opened(cookie) as socket:
            await watch(socket, job)
            before = doorbell.restarts()
            await kill()
            await off_loop(triggers.switch)("scrape_job_logs_rings", on=False)
            await one_line_arrives(socket, job, "rung for nobody")
            await off_loop(triggers.switch)("scrape_job_logs_rings", on=True)
            assert await within(is_alive)
            await one_line_arrives(socket, job, "heard again")
            assert doorbell.restarts() > before

    with caplog.at_level(logging.WARNING), override_settings(LIVE_POLL_SECONDS=600):
        run(test())
    assert "the live listener was lost" in caplog.text


def test_a_listener_that_does_not_hear_itself_is_replaced(
    job: ScrapeJob, cookie: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    notify = database.notify
    deaf = asyncio.Event()

    async def swallowed(payload: str) -> None:
        if not deaf.is_set():
            await notify(payload)

    async def replaced(before: list[int]) -> bool:
        now = await listeners()
        return bool(now) and now != before

    async def test() -> None:
        async with opened(cookie) as socket:
            await watch(socket, job)
            before = await listeners()
            deaf.set()
            assert await within(lambda: replaced(before))
            deaf.clear()
            await one_line_arrives(socket, job, "heard again")

    monkeypatch.setattr(database, "notify", swallowed)
    with caplog.at_level(logging.WARNING), override_settings(LIVE_PING_SECONDS=0.1, LIVE_ECHO_SECONDS=0.5):
        run(test())
    assert "it does not hear itself" in caplog.text


def test_a_bell_that_was_not_rung_costs_until_the_next_poll(job: ScrapeJob, cookie: str) -> None:
    async def test() -> None:
        async with opened(cookie) as socket:
            await watch(socket, job)
            await one_line_arrives(socket, job, "rung by nobody")

    with override_settings(LIVE_POLL_SECONDS=0.5), triggers.without("scrape_job_logs_rings"):
        run(test())


def test_a_pooler_in_the_way_is_told_and_pages_go_on_by_polling(
    job: ScrapeJob, cookie: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def pooled() -> dict[str, object]:
        raise ImproperlyConfigured("The direct database connection leads through a pooler in transaction mode.")

    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            await socket.hear("job")
            await one_line_arrives(socket, job, "polled")
            assert not doorbell.alive()

    monkeypatch.setattr(database, "session_parameters", pooled)
    with caplog.at_level(logging.WARNING), override_settings(LIVE_POLL_SECONDS=0.5):
        run(test())
    assert "leads through a pooler" in caplog.text


def test_what_others_ring_is_not_taken_for_news(job: ScrapeJob, cookie: str) -> None:
    ring: Callable[[str], Awaitable[None]] = database.notify

    async def test() -> None:
        async with opened(cookie) as socket:
            await watch(socket, job)
            for payload in ("", "log", "log:", "log:nonsense", f"nonsense:{job.pk}"):
                await ring(payload)
            await one_line_arrives(socket, job, "well")

    run(test())
