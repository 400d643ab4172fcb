"""Changes of jobs, runners and batches, as operations and banners hear them."""

import asyncio
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from runners.models import Runner
from scraping.models import ScrapeBatch, ScrapeJob
from tests import make, triggers
from tests.scraping.sockets import Message, Socket, off_loop, opened, run, session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cookie() -> str:
    return session_of(make.staff("scraping.view_operations"))


@off_loop
def change(thing: ScrapeJob | Runner, **values: Any) -> None:
    type(thing).objects.filter(pk=thing.pk).update(**values)


async def news(socket: Socket) -> list[Message]:
    """What comes in one burst, which is confirmed."""
    said = [await socket.hear("job", "runner", "batch")]
    while "to" not in said[-1]:
        said.append(await socket.next())
    await socket.say(watch=said[-1]["watch"], seen=said[-1]["to"])
    return said


async def heard(socket: Socket, kind: str, **facts: Any) -> Message:
    """The first message of a kind with these facts, of however many bursts."""
    while True:
        for message in await news(socket):
            if message["type"] == kind and facts.items() <= message.items():
                return message


async def watch(socket: Socket, place: str) -> None:
    await socket.say(watch=place)
    assert await socket.next() == {"type": "watching", "watch": place}


def test_operations_hear_of_a_job_from_its_birth_to_its_end(cookie: str) -> None:
    async def test() -> None:
        async with opened(cookie) as socket:
            await watch(socket, "operations")
            job = await off_loop(make.job)(skus=["1", "2"])
            born = await heard(socket, "job", id=str(job.pk))
            assert (born["status"], born["total"], born["batch"]) == ("pending", 2, str(job.batch_id))
            await change(job, status="failed", reason="cancelled", completed_at=timezone.now())
            ended = await heard(socket, "job", status="failed")
            assert (ended["id"], ended["reason"]) == (str(job.pk), "cancelled")

    run(test())


def test_operations_hear_of_a_runner(cookie: str) -> None:
    runner = make.runner()

    async def test() -> None:
        async with opened(cookie) as socket:
            await watch(socket, "operations")
            await change(runner, paused=True)
            assert await heard(socket, "runner", paused=True, online=True)

    run(test())


def test_a_runner_that_falls_silent_is_told_though_nothing_rings(cookie: str) -> None:
    runner = make.runner()

    async def test() -> None:
        async with opened(cookie) as socket:
            await watch(socket, "operations")
            assert await socket.is_silent()
            assert await heard(socket, "runner", id=str(runner.pk), online=False)

    with override_settings(LIVE_POLL_SECONDS=0.5, RUNNER_OFFLINE_SECONDS=2):
        run(test())


def test_the_banner_hears_how_many_jobs_of_a_batch_are_open(cookie: str) -> None:
    batch = ScrapeBatch.objects.create(scrapers=["acme"], sku_count=2, max_runners=2)

    async def test() -> None:
        async with opened(cookie) as socket:
            await watch(socket, "banner")
            first, second = [await off_loop(make.job)(batch=batch, skus=[sku]) for sku in "12"]
            await heard(socket, "batch", id=str(batch.pk), open_jobs=2)
            await change(first, done=1)
            await heard(socket, "batch", open_jobs=2)
            for job, left in [(second, 1), (first, 0)]:
                await change(job, status="failed", reason="cancelled", completed_at=timezone.now())
                await heard(socket, "batch", open_jobs=left)

    run(test())


def test_a_banner_needs_no_permission_and_hears_of_no_test_run() -> None:
    async def test(cookie: str) -> None:
        async with opened(cookie) as socket:
            await watch(socket, "banner")
            await off_loop(make.job)(test_mode=True)
            assert await socket.is_silent(0.6)
            job = await off_loop(make.job)()
            assert (await news(socket))[-1]["id"] == str(job.batch_id)

    run(test(session_of(make.staff())))


def test_what_changes_before_the_last_news_are_seen_is_told_once_and_as_it_is_then(cookie: str) -> None:
    job = make.running_job(make.runner(), skus=list("123456"))

    async def test() -> None:
        async with opened(cookie) as socket:
            await watch(socket, "operations")
            await change(job, done=1)
            first = await socket.hear("job")
            while "to" not in first:
                first = await socket.next()
            for done in (2, 3, 4):
                await change(job, done=done)
            assert await socket.is_silent(0.6)
            await socket.say(watch="operations", seen=first["to"])
            assert [message["done"] for message in await news(socket) if message["type"] == "job"] == [4]

    run(test())


def test_what_no_bell_told_is_found_by_the_next_poll(cookie: str) -> None:
    job = make.running_job(make.runner(), skus=["1", "2"])

    async def test() -> None:
        async with opened(cookie) as socket:
            await watch(socket, "operations")
            await change(job, done=1)
            await heard(socket, "job", done=1)

    with override_settings(LIVE_POLL_SECONDS=0.5), triggers.without("scrape_jobs_rings"):
        run(test())


def test_any_number_of_pages_take_one_read(cookie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from scraping.live import reads

    job = make.running_job(make.runner(), skus=["1", "2"])
    asked = []
    state = reads.state

    def counting(jobs: Any) -> Any:
        asked.append(jobs)
        return state(jobs)

    async def test() -> int:
        sockets = [Socket(cookie) for _ in range(10)]
        for socket in sockets:
            assert await socket.open()
            await watch(socket, "operations")
        monkeypatch.setattr(reads, "state", counting)
        await change(job, done=1)
        await asyncio.gather(*(heard(socket, "job", done=1) for socket in sockets))
        count = len(asked)
        await asyncio.gather(*(socket.close() for socket in sockets))
        return count

    with override_settings(LIVE_POLL_SECONDS=60):
        assert run(test()) == 1
