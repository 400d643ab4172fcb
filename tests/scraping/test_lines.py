"""Reads of one job's log: bounded, filtered, by position."""

import pytest
from django.db import connection

from runners.protocol.words import LogLevel
from scraping import lines
from scraping.lines import Filter, Stretch
from scraping.models import ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db
ERRORS, WORSE = Filter(level=LogLevel.ERROR), Filter(level=LogLevel.WARNING)


@pytest.fixture
def job() -> ScrapeJob:
    return make.running_job(make.runner())


def write(job: ScrapeJob, *levels: str) -> None:
    for level in levels:
        make.line(job, level=level)


def told(stretch: Stretch) -> tuple[list[int], int, int]:
    return [line.position for line in stretch.lines], stretch.first, stretch.last


def test_the_lines_after_a_position_come_in_order_and_say_how_far_they_reach(job: ScrapeJob) -> None:
    write(job, *["info"] * 5)
    assert told(lines.after(job, 1, limit=2)) == ([2, 3], 2, 3)
    assert told(lines.after(job, 3)) == ([4, 5], 4, 5)
    assert told(lines.after(job, 9)) == ([], 10, 9)


def test_the_lines_before_a_position_are_the_last_ones_in_order(job: ScrapeJob) -> None:
    write(job, *["info"] * 5)
    assert told(lines.before(job, None, limit=2)) == ([4, 5], 4, 5)
    assert told(lines.before(job, 3)) == ([1, 2], 1, 2)
    assert told(lines.before(job, 99)) == ([1, 2, 3, 4, 5], 1, 5)


def test_a_level_wants_it_or_worse_and_the_cursor_moves_past_the_rest(job: ScrapeJob) -> None:
    write(job, "debug", "info", "warning", "error", "info")
    assert told(lines.after(job, 0, wanted=WORSE)) == ([3, 4], 1, 5)
    assert told(lines.before(job, None, wanted=ERRORS)) == ([4], 1, 5)


def test_a_line_stands_in_the_middle_of_its_neighbours(job: ScrapeJob) -> None:
    write(job, *["info"] * 9)
    assert told(lines.around(job, 5, limit=4)) == ([3, 4, 5, 6], 3, 6)
    assert told(lines.around(job, 1, limit=4)) == ([1, 2], 1, 2)
    assert told(lines.around(job, 99, limit=4)) == ([8, 9], 8, 9)


def test_scraper_sku_and_text_narrow_together(job: ScrapeJob) -> None:
    make.line(job, "found: GOLD", scraper="acme", sku="1")
    make.line(job, "found: GOLD", scraper="acme", sku="2")
    make.line(job, "found: GOLD", scraper="bradley", sku="1")
    make.line(job, "nothing", scraper="acme", sku="1")
    assert told(lines.after(job, 0, wanted=Filter(scraper="acme", sku="1", text="gold")))[0] == [1]


@pytest.mark.parametrize(("text", "found"), [("100%", [1]), ("a_b", [2]), ("\\", [3]), ("'", [4]), ("ÄPFEL", [5])])
def test_what_is_searched_is_taken_literally_in_any_case(job: ScrapeJob, text: str, found: list[int]) -> None:
    for said in ("100% sure", "a_b", "back\\slash", "it's", "Äpfel", "1000 aXb"):
        make.line(job, said)
    assert told(lines.after(job, 0, wanted=Filter(text=text)))[0] == found


def test_a_search_looks_at_so_many_positions_and_can_go_on(job: ScrapeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "SPAN", 3)
    make.line(job, "needle")
    write(job, *["info"] * 6)
    make.line(job, "needle")
    needle = Filter(text="needle")
    assert told(lines.before(job, 8, wanted=needle)) == ([], 5, 7)
    assert told(lines.before(job, 2, wanted=needle)) == ([1], 1, 1)
    assert told(lines.after(job, 1, wanted=needle)) == ([], 2, 4)
    assert told(lines.after(job, 4, wanted=needle)) == ([], 5, 7)
    assert told(lines.after(job, 7, wanted=needle)) == ([8], 8, 8)


def test_errors_are_reached_in_one_go_however_far_they_are(job: ScrapeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "SPAN", 2)
    write(job, "error", *["info"] * 6)
    assert told(lines.before(job, None, wanted=ERRORS)) == ([1], 1, 7)
    assert (lines.error_before(job, 7), lines.error_after(job, 1)) == (1, None)


def test_the_next_error_is_one_beyond_and_the_last_is_one_before(job: ScrapeJob) -> None:
    write(job, "info", "error", "warning", "error", "info")
    assert [lines.error_after(job, n) for n in (0, 2, 4)] == [2, 4, None]
    assert [lines.error_before(job, n) for n in (5, 4, 2)] == [4, 2, None]


def test_every_read_is_led_by_an_index() -> None:
    runner = make.runner()
    jobs = [make.running_job(runner, skus=[str(number)]) for number in range(4)]
    for job in jobs:
        make.long_log(job, 5000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE scrape_job_logs")
    job = jobs[2]
    wanted = [lines.ALL, ERRORS, WORSE, Filter(text="needle"), Filter(sku="7", scraper="acme")]
    reads = [one.of(job).filter(position__lt=4000, position__gte=1).order_by("-position")[:200] for one in wanted]
    plans = [read.explain() for read in reads]
    assert all("scrape_job_logs_" in plan and "Seq Scan" not in plan for plan in plans), "\n".join(plans)
    assert (
        "scrape_job_logs_serious" in job.lines.filter(level="error", position__gt=9).order_by("position")[:1].explain()
    )
