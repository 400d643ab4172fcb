"""A process that finds in its spool what the one before it held."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runners.agent.client import Client
from runners.agent.loop import Runner
from runners.agent.peers import PrivateHosts
from runners.agent.politeness import Politeness
from runners.agent.redact import Redactor
from runners.agent.scrape import Tools
from runners.agent.spool import Spool
from runners.protocol.messages import Callback, JobOffer, LogLine, UnitItem
from runners.protocol.words import JobStatus, LogLevel, Outcome
from tests.runners.fake_server import KEY, FakeServer, server
from tests.runners.shop import Shop


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with server() as running:
        running.held = {"job-1": "keep"}
        yield running


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop(login=False)
    yield shop
    shop.wire.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.sqlite3"


def left(path: Path, *, lines: int = 0, units: tuple[str, ...] = (), word: JobStatus | None = None) -> None:
    """The spool of a process that was killed in the midst of job-1."""
    with closing(Spool(path)) as spool:
        spool.begin(JobOffer(job_id="job-1", skus=["007", "008"], scrapers=[]))
        for seq in range(1, lines + 1):
            spool.lines("job-1").put(LogLine(level=LogLevel.INFO, message=f"line {seq}", seq=seq))
        for sku in units:
            spool.units("job-1").put(UnitItem(sku=sku, scraper="bradley", outcome=Outcome.FOUND))
        if word:
            spool.say("job-1", Callback(job_id="job-1", status=word))


def run(fake: FakeServer, path: Path, **how: Any) -> None:
    with closing(Client(fake.wire.url, KEY)) as client, closing(Spool(path)) as spool:
        tools = Tools(client, Redactor([KEY]), PrivateHosts("127.0.0.1"), Politeness(), spool)
        Runner(tools, poll_seconds=0.001).run(**how)


def test_its_lines_go_on_after_those_the_server_has(fake: FakeServer, shop: Shop, path: Path) -> None:
    """Lines that went from memory, for the disk was full, are known to the server alone."""
    left(path, lines=2)
    fake.lines = [{"seq": seq, "message": f"line {seq}"} for seq in range(1, 6)]
    fake.offer(shop.definition(), skus=["007", "008"], logged=5)
    run(fake, path, once=True)
    assert [line["seq"] for line in fake.lines] == list(range(1, len(fake.lines) + 1))
    assert "2 SKUs to look up on bradley" in fake.messages()


def test_completed_is_not_said_of_units_that_were_lost_with_the_process(
    fake: FakeServer, shop: Shop, path: Path
) -> None:
    left(path, units=("007",), word=JobStatus.COMPLETED)
    fake.offer(shop.definition(), skus=["007", "008"])
    run(fake, path, once=True)
    assert fake.outcomes() == {("007", "bradley"): "found", ("008", "bradley"): "not_found"}
    assert fake.ending["status"] == "completed"


def test_the_last_word_is_said_without_more_work(fake: FakeServer, shop: Shop, path: Path) -> None:
    left(path, units=("007", "008"), word=JobStatus.COMPLETED)
    fake.offer(shop.definition(), skus=["007", "008"])
    run(fake, path, once=True)
    assert (len(fake.units), fake.ending["status"]) == (2, "completed")
    assert not shop.times("/search")


def test_a_job_that_was_kept_is_the_one_of_once(fake: FakeServer, shop: Shop, path: Path) -> None:
    left(path)
    fake.offer(shop.definition(), skus=["007"])
    run(fake, path, once=True)
    assert sum(asked.path.endswith("poll") for asked in fake.wire.asked) == 1


def test_with_an_id_no_other_job_is_claimed(fake: FakeServer, shop: Shop, path: Path) -> None:
    left(path)
    fake.held = {}
    fake.offer(shop.definition(), skus=["007"])
    run(fake, path, job_id="job-1")
    polls = [asked.json for asked in fake.wire.asked if asked.path.endswith("poll")]
    assert [poll["job_id"] for poll in polls] == ["job-1"]
    assert polls[0]["holding"] == ["job-1"]
