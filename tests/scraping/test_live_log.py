"""A job's log over the socket: everything, once, in order, to the end."""

import asyncio
import random
from hashlib import sha256
from typing import Any

import pytest
from django.db.backends.utils import CursorWrapper
from django.test import override_settings
from django.utils import timezone

from scraping.live import tail
from scraping.models import ScrapeJob, ScrapeJobLog
from tests import make, triggers
from tests.scraping.sockets import Reader, Socket, append, off_loop, opened, run, session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job() -> ScrapeJob:
    return make.running_job(make.runner())


@pytest.fixture
def cookie() -> str:
    return session_of(make.staff("scraping.view_operations"))


def end(job: ScrapeJob) -> None:
    ScrapeJob.objects.filter(pk=job.pk).update(
        status="completed", completed_at=timezone.now(), lease_expires_at=None, step=""
    )


def remove(job: ScrapeJob, *positions: int) -> None:
    """As retention does."""
    with triggers.without("scrape_job_logs_retention"):
        ScrapeJobLog.objects.filter(job=job, position__in=positions).delete()


def said(message: dict[str, Any]) -> list[str]:
    return [line["message"] for line in message["lines"]]


def test_a_line_arrives_when_it_is_committed(job: ScrapeJob, cookie: str) -> None:
    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            first = await socket.next()
            assert (first["type"], first["status"], first["log_head"]) == ("job", "running", 0)
            await off_loop(append)(job, "searching", "found")
            lines = await socket.hear("lines")
            assert (lines["from"], lines["to"], lines["head"]) == (1, 2, 2)
            assert said(lines) == ["searching", "found"]

    run(test())


def test_a_reader_gets_what_follows_its_position(job: ScrapeJob, cookie: str) -> None:
    append(job, *(f"line {number}" for number in range(1, 8)))

    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=5)
            assert said(await socket.hear("lines")) == ["line 6", "line 7"]

    run(test())


def test_a_hundred_readers_cut_at_random_read_every_line_once_and_in_order(job: ScrapeJob, cookie: str) -> None:
    chance = random.Random(4)
    written = [f"{number} {chance.random()}" for number in range(600)]

    async def write() -> None:
        left = list(written)
        while left:
            count = chance.randrange(1, 80)
            await off_loop(append)(job, *left[:count])
            del left[:count]
        await off_loop(end)(job)

    async def read() -> str:
        reader = Reader(cookie, job)
        await asyncio.sleep(chance.random())
        while not reader.ended:
            await reader.read(messages=chance.randrange(1, 16))
        return sha256("\n".join(reader.said).encode()).hexdigest()

    async def test() -> set[str]:
        writing = asyncio.create_task(write())
        digests = await asyncio.gather(*(read() for _ in range(100)))
        await writing
        return set(digests)

    with override_settings(LIVE_SOCKETS_PER_USER=100):
        assert run(test()) == {sha256("\n".join(written).encode()).hexdigest()}


def test_who_never_says_seen_gets_one_message_of_at_most_500_lines(job: ScrapeJob, cookie: str) -> None:
    append(job, *map(str, range(700)))

    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            lines = await socket.hear("lines")
            assert (lines["to"], len(lines["lines"])) == (500, 500)
            await off_loop(append)(job, "more")
            assert await socket.is_silent()
            await socket.say(id=job.pk, seen=499)
            assert await socket.is_silent()
            await socket.say(id=job.pk, seen=500)
            assert (await socket.hear("lines"))["to"] == 701

    run(test())


def test_a_message_is_bounded_in_size_too(job: ScrapeJob, cookie: str) -> None:
    append(job, *["x" * 16_000] * 40)

    async def test() -> list[int]:
        sizes = []
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            for _ in range(3):
                lines = await socket.hear("lines")
                sizes.append(len(lines["lines"]))
                await socket.say(id=job.pk, seen=lines["to"])
        return sizes

    assert run(test()) == [16, 16, 8]
    assert tail.MAX_CHARACTERS == 256 * 1024


def test_the_last_line_of_a_finished_job_is_followed_by_the_end(job: ScrapeJob, cookie: str) -> None:
    append(job, "one", "two")
    end(job)

    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            assert (await socket.hear("lines"))["to"] == 2
            assert await socket.is_silent()
            await socket.say(id=job.pk, seen=2)
            assert await socket.hear("end") == {"type": "end", "watch": "job", "id": str(job.pk), "to": 2}
            await socket.say(watch="job", id=job.pk, after=2)
            assert (await socket.hear("lines", "end"))["type"] == "end"

    run(test())


def test_a_job_that_ends_while_it_is_watched_says_so_after_its_lines(job: ScrapeJob, cookie: str) -> None:
    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            await socket.say(watch="job", id=job.pk, seen=(await socket.hear("job"))["to"])
            await off_loop(end)(job)
            assert (await socket.hear("job"))["status"] == "completed"
            assert (await socket.next())["type"] == "end"

    run(test())


def test_a_position_beyond_the_end_begins_anew(job: ScrapeJob, cookie: str) -> None:
    append(job, "one")

    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=9)
            assert (await socket.next())["log_head"] == 1
            assert (await socket.next())["from"] == 1
            lines = await socket.hear("lines")
            assert (lines["from"], said(lines)) == (1, ["one"])

    run(test())


def test_removed_lines_are_stepped_over_with_a_word(job: ScrapeJob, cookie: str) -> None:
    append(job, *map(str, range(1, 7)))
    remove(job, 1, 2, 3, 5)

    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            assert (await socket.hear("reset"))["from"] == 4
            lines = await socket.hear("lines")
            assert (lines["from"], lines["to"], said(lines)) == (4, 6, ["4", "6"])

    run(test())


def test_a_log_of_which_nothing_is_left_ends(job: ScrapeJob, cookie: str) -> None:
    append(job, "one", "two")
    remove(job, 1, 2)
    end(job)

    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            assert (await socket.hear("reset"))["from"] == 3
            assert (await socket.hear("end"))["to"] == 2

    run(test())


def test_a_reader_who_knows_more_than_the_process_is_believed(job: ScrapeJob, cookie: str) -> None:
    append(job, "one")

    async def test() -> None:
        async with opened(cookie) as first, opened(cookie) as second:
            await first.say(watch="job", id=job.pk, after=0)
            await first.hear("lines")
            await off_loop(append)(job, "two", "three")
            await second.say(watch="job", id=job.pk, after=3)
            assert (await second.next())["log_head"] == 3
            assert await second.is_silent()

    with triggers.without("scrape_job_logs_rings"):
        run(test())


def test_watching_again_begins_at_the_new_position(job: ScrapeJob, cookie: str) -> None:
    append(job, "one", "two", "three")

    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            assert (await socket.hear("lines"))["from"] == 1
            await socket.say(watch="job", id=job.pk, after=2)
            assert said(await socket.hear("lines")) == ["three"]
            await socket.say(unwatch={"watch": "job", "id": str(job.pk)})
            await socket.say(id=job.pk, seen=3)
            await off_loop(append)(job, "four")
            assert await socket.is_silent()

    run(test())


def test_who_watches_again_without_a_word_has_no_more_on_the_way(job: ScrapeJob, cookie: str) -> None:
    append(job, *map(str, range(1200)))

    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            assert (await socket.hear("lines"))["to"] == 500
            for _again in range(2):
                await socket.say(unwatch={"watch": "job", "id": str(job.pk)})
                await socket.say(watch="job", id=job.pk, after=500)
                await socket.hear("job")
                assert await socket.is_silent()
            await socket.say(id=job.pk, seen=500)
            assert (await socket.hear("lines"))["to"] == 1000

    run(test())


def test_a_hole_in_the_middle_is_no_reset(job: ScrapeJob, cookie: str) -> None:
    append(job, *map(str, range(1, 1203)))
    remove(job, *range(400, 700), *range(1201, 1203))
    end(job)

    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            heard, message = [], await socket.hear("lines", "reset", "end")
            while message["type"] != "end":
                heard.append((message["type"], message["from"], message["to"]))
                await socket.say(id=job.pk, seen=message["to"])
                message = await socket.hear("lines", "reset", "end")
            assert heard == [("lines", 1, 800), ("lines", 801, 1200), ("lines", 1201, 1202)]

    run(test())


def test_a_slow_reader_delays_only_itself(job: ScrapeJob, cookie: str) -> None:
    append(job, *map(str, range(1200)))

    async def follow(socket: Socket, after: int) -> None:
        await socket.say(watch="job", id=job.pk, after=after)
        await socket.hear("job")

    async def test() -> None:
        async with opened(cookie) as slow, opened(cookie) as fast:
            await follow(slow, 0)
            await slow.hear("lines")
            await follow(fast, 1200)
            for number in range(3):
                await off_loop(append)(job, f"new {number}")
                lines = await fast.hear("lines")
                assert said(lines) == [f"new {number}"]
                await fast.say(id=job.pk, seen=lines["to"])
            await slow.say(id=job.pk, seen=500)
            assert (await slow.hear("lines"))["from"] == 501

    run(test())


def test_twenty_watchers_of_a_job_take_one_read(job: ScrapeJob, cookie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    execute = CursorWrapper.execute

    def counting(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        asked.append(str(sql))
        return execute(self, sql, params)

    async def test() -> list[str]:
        sockets = [Socket(cookie) for _ in range(20)]
        for socket in sockets:
            assert await socket.open()
            await socket.say(watch="job", id=job.pk, after=0)
            assert (await socket.hear("job"))["log_head"] == 0
        await off_loop(append)(job, "new")
        monkeypatch.setattr(CursorWrapper, "execute", counting)
        await off_loop(append)(job, "newer")
        for socket in sockets:
            heard = 0
            while heard < 2:
                heard = (await socket.hear("lines"))["to"]
                await socket.say(id=job.pk, seen=heard)
        monkeypatch.undo()
        for socket in sockets:
            await socket.close()
        return asked

    with override_settings(LIVE_POLL_SECONDS=60, LIVE_PING_SECONDS=60):
        reads = [sql for sql in run(test()) if 'FROM "scrape_job_logs"' in sql]
    assert 1 <= len(reads) <= 2


def test_there_must_be_such_a_job(cookie: str) -> None:
    unknown = "7b0a3a52-3a3e-4a53-9d0f-2f4f6c5f3f10"

    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=unknown, after=0)
            told = await socket.next()
            assert (told["type"], told["code"], told["id"]) == ("error", "unknown_job", unknown)

    run(test())
