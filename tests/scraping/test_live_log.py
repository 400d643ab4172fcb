"""A job's log over the socket: everything, once, in order, to the end."""

import pytest

from scraping.models import ScrapeJob
from tests import make
from tests.scraping.sockets import append, off_loop, opened, run, session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job() -> ScrapeJob:
    return make.running_job(make.runner())


@pytest.fixture
def cookie() -> str:
    return session_of(make.staff("scraping.view_operations"))


def test_a_line_arrives_when_it_is_committed(job: ScrapeJob, cookie: str) -> None:
    async def test() -> None:
        async with opened(cookie) as socket:
            await socket.say(watch="job", id=job.pk, after=0)
            first = await socket.next()
            assert (first["type"], first["status"], first["log_head"]) == ("job", "running", 0)
            await off_loop(append)(job, "searching", "found")
            lines = await socket.hear("lines")
            assert (lines["from"], lines["to"], lines["head"]) == (1, 2, 2)
            assert [line["message"] for line in lines["lines"]] == ["searching", "found"]

    run(test())
