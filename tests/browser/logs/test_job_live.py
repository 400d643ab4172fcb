"""A job's log while its runner works: lines arrive, and nothing that breaks on the way costs one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runners.protocol.words import JobStatus
from scraping.models import ScrapeJob
from tests import make
from tests.browser import axe
from tests.browser.logs.reader import PageServer, Reader, held_job
from tests.browser.logs.relay import Relay
from tests.faults.fleet import Fleet
from tests.faults.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def fleet(web: PageServer, tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(web, tmp_path, number=7001)
    try:
        yield fleet
    finally:
        fleet.close()


@pytest.fixture
def relay(web: PageServer) -> Iterator[Relay]:
    relay = Relay(web.port)
    yield relay
    relay.close()


@pytest.fixture
def job(reader: Reader, request: pytest.FixtureRequest) -> ScrapeJob:
    """A running job with a hundred lines, held by nobody who would write to it."""
    job = held_job(request.node.name[:80])
    make.long_log(job, 100)
    return job


def whole(reader: Reader, head: int) -> None:
    """All lines of a log of `head` lines are in the page, each once and in order, and the last one is in sight."""
    reader.at_end(head)
    assert reader.positions == list(range(reader.positions[0], head + 1))


def test_lines_appear_while_a_real_runner_works(reader: Reader, fleet: Fleet) -> None:
    gate, runner = fleet.hold(3), fleet.runner()
    job = fleet.batch(5).jobs.get()
    reader.visit(job)
    assert "No line yet." in reader.find("[data-silence]").text
    runner.start()
    assert gate.reached.wait(60)
    reader.until(lambda: any(fleet.sku(1) in one.text for one in reader.all("[data-log] ol .said")), "its first lines")
    assert axe.serious_in_both_schemes(reader.window) == []
    reader.until(lambda: "running" in reader.find("[data-part=head]").text, "a job that runs")
    gate.open.set()
    reader.until(lambda: "completed" in reader.find("[data-part=head]").text, "the end, without a reload")
    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED
    whole(reader, job.log_head)
    reader.until(lambda: not reader.find("[data-live-state]").is_displayed(), "no more waiting for news")
    reader.until(lambda: len(reader.all("[data-part=units] .bs-pill")) == 5, "all units")


def test_it_lets_go_when_scrolled_up_and_resumes_at_the_end(reader: Reader, job: ScrapeJob) -> None:
    reader.visit(job)
    reader.at_end(100)
    make.long_log(job, 10)
    whole(reader, 110)
    reader.scroll(-300)
    reader.until(lambda: not reader.follows, "a log that lets go")
    in_sight = reader.in_sight
    make.long_log(job, 7)
    reader.until(lambda: reader.fresh == "7 new lines", "a word about seven new lines")
    assert reader.in_sight == in_sight
    reader.find("[data-new]").click()
    whole(reader, 117)
    assert reader.follows
    reader.scroll(-300)
    reader.until(lambda: not reader.follows, "a log that lets go again")
    reader.scroll(9999)
    reader.until(lambda: reader.follows, "following again at the end")
    make.long_log(job, 700)
    whole(reader, 817)
    assert len(reader.positions) <= 400


def test_lines_that_come_are_filtered_too(reader: Reader, job: ScrapeJob) -> None:
    reader.visit(job, "?level=warning")
    reader.shown(100)
    make.long_log(job, 250)
    reader.shown(100, 200, 300)
    assert reader.find("[data-log-count]").text == "350 lines"


def test_two_tabs_each_show_every_line(reader: Reader, job: ScrapeJob) -> None:
    reader.visit(job)
    first = reader.window.current_window_handle
    reader.window.switch_to.new_window("tab")
    reader.visit(job)
    reader.at_end(100)
    make.long_log(job, 20)
    whole(reader, 120)
    reader.window.close()
    reader.window.switch_to.window(first)
    whole(reader, 120)


def test_a_cut_socket_costs_no_line(reader: Reader, job: ScrapeJob, relay: Relay) -> None:
    straight, reader.url = reader.url, relay.url
    try:
        reader.enter(reader.user)
        reader.visit(job)
        reader.at_end(100)
        for round_ in range(1, 4):
            relay.cut()
            make.long_log(job, 10)
            relay.mend()
            whole(reader, 100 + 10 * round_)
    finally:
        reader.url = straight


def test_a_server_that_comes_back_goes_on_where_it_was(reader: Reader, job: ScrapeJob, web: PageServer) -> None:
    reader.visit(job)
    reader.at_end(100)
    web.kill()
    make.long_log(job, 10)
    reader.until(lambda: "away" in reader.find("[data-live-state]").text.lower(), "a word that the server is away")
    assert reader.positions[-1] == 100
    web.start()
    whole(reader, 110)
    make.long_log(job, 10)
    whole(reader, 120)


def test_a_scrapers_runs_show_the_log_of_the_one_at_work(reader: Reader) -> None:
    scraper = make.scraper("runs-live")
    reader.open(f"/admin/scraping/scraper/{scraper.pk}/runs/")
    assert reader.says("No job works on this site now.")
    job = held_job("for runs", "runs-live", "other")
    reader.until(lambda: reader.all("[data-part=runs] .bs-pill.run"), "the new job, without a reload")
    reader.log_is_ready()
    make.line(job, "elsewhere", scraper="other")
    make.line(job, "here", scraper="runs-live")
    reader.shown(2)
    assert axe.serious_in_both_schemes(reader.window) == []
    until(lambda: reader.find("[data-log-count]").text == "2 lines")
    make.ended(job)
    reader.until(lambda: reader.says("No job works on this site now."), "the end")
    after = held_job("runs next", "runs-live")
    reader.until(lambda: reader.find("[data-log]").get_attribute("data-job") == str(after.pk), "the next job's log")
    make.line(after, "here too", scraper="runs-live")
    reader.shown(1)
