"""A job's log."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from runners.protocol.messages import LogLine
from runners.protocol.words import LogLevel
from scraping import jobs, journal
from scraping.journal import Appended
from scraping.models import ScrapeJob, ScrapeJobLog
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> ScrapeJob:
    return make.running_job(make.runner())


def numbered(numbers: Iterable[int], **values: Any) -> list[LogLine]:
    return [LogLine(message=f"line {number}", seq=number, **values) for number in numbers]


def append(job: ScrapeJob, lines: list[LogLine]) -> Appended:
    """As intake does: the job is read, changed and saved."""
    job.refresh_from_db()
    appended = journal.append(job, lines)
    jobs.save(job)
    return appended


def stored(job: ScrapeJob) -> list[tuple[int, int | None]]:
    return list(job.lines.values_list("position", "seq"))


class TestNumberedLines:
    def test_positions_are_gapless_in_the_order_of_the_numbers(self, job: ScrapeJob) -> None:
        append(job, numbered([1, 2]))
        append(job, numbered([3]))
        assert stored(job) == [(1, 1), (2, 2), (3, 3)]
        job.refresh_from_db()
        assert (job.log_head, job.log_seq) == (3, 3)

    def test_a_line_already_stored_is_ignored(self, job: ScrapeJob) -> None:
        append(job, numbered([1, 2]))
        assert append(job, numbered([1, 2, 3])) == Appended(count=1)
        assert append(job, numbered([2])) == Appended(count=0)
        assert stored(job) == [(1, 1), (2, 2), (3, 3)]

    def test_a_gap_is_named_and_what_came_before_it_is_kept(self, job: ScrapeJob) -> None:
        assert append(job, numbered([1, 2, 4])) == Appended(count=2, expected=3)
        assert append(job, numbered([5])) == Appended(count=0, expected=3)
        assert append(job, numbered([3, 4, 5])) == Appended(count=3)

    def test_a_mark_stands_for_the_lines_a_runner_had_to_drop(self, job: ScrapeJob) -> None:
        append(job, numbered([1]))
        append(job, [LogLine(message="5 lines dropped", seq=2, through=6), *numbered([7])])
        assert list(job.lines.values_list("position", "seq", "through")) == [(1, 1, None), (2, 2, 6), (3, 7, None)]

    def test_a_mark_over_lines_already_stored_stands_for_the_rest(self, job: ScrapeJob) -> None:
        append(job, numbered([1, 2, 3]))
        append(job, [LogLine(message="dropped", seq=2, through=6)])
        assert append(job, numbered([7])) == Appended(count=1)
        assert list(job.lines.values_list("seq", "through"))[3:] == [(4, 6), (7, None)]


class TestPlainLines:
    def test_they_are_appended_as_sent(self, job: ScrapeJob) -> None:
        append(job, [LogLine(message="same"), LogLine(message="same")])
        append(job, [LogLine(message="same")])
        assert stored(job) == [(1, None), (2, None), (3, None)]

    def test_a_repeated_body_stores_nothing_again(self, job: ScrapeJob) -> None:
        assert append(job, [LogLine(message="once")]) == Appended(count=1)
        assert append(job, [LogLine(message="twice")]) == Appended(count=1)
        assert append(job, [LogLine(message="once")]) == Appended(count=0)

    def test_times_that_cannot_be_read_still_tell_bodies_apart(self, job: ScrapeJob) -> None:
        for said in ("11/22/2026 04:15:30", "11/22/2026 04:15:31"):
            assert append(job, [LogLine.model_validate({"message": "x", "timestamp": said})]) == Appended(count=1)

    def test_only_the_last_twenty_bodies_are_remembered(self, job: ScrapeJob) -> None:
        for number in range(21):
            append(job, [LogLine(message=str(number))])
        assert append(job, [LogLine(message="1")]) == Appended(count=0)
        assert append(job, [LogLine(message="0")]) == Appended(count=1)

    def test_an_empty_body_stores_nothing(self, job: ScrapeJob) -> None:
        assert append(job, []) == Appended(count=0)


class TestWhatALineHolds:
    def line(self, job: ScrapeJob, **values: Any) -> ScrapeJobLog:
        append(job, [LogLine.model_validate(values)])
        return job.lines.get()

    @pytest.mark.parametrize(
        ("said", "level"),
        [("WARNING", "warning"), ("warn", "warning"), ("CRITICAL", "error"), ("success", "info"), (20, "info")],
    )
    def test_levels_are_folded(self, job: ScrapeJob, said: object, level: str) -> None:
        assert self.line(job, level=said, message="x").level == level

    @pytest.mark.parametrize(
        ("said", "moment"),
        [
            ("2026-11-22T04:15:30", datetime(2026, 11, 22, 4, 15, 30, tzinfo=UTC)),
            ("2026-11-22T04:15:30+02:00", datetime(2026, 11, 22, 2, 15, 30, tzinfo=UTC)),
            ("2026-11-22 04:15:30,123", datetime(2026, 11, 22, 4, 15, 30, 123000, tzinfo=UTC)),
            ("0001-01-01T00:00:00+14:00", None),
            ("yesterday", None),
            (None, None),
        ],
    )
    def test_times_come_with_or_without_zone(self, job: ScrapeJob, said: object, moment: datetime | None) -> None:
        assert self.line(job, message="x", timestamp=said).logged_at == moment

    def test_a_line_over_16_kb_is_cut_with_a_mark(self, job: ScrapeJob) -> None:
        message = self.line(job, message="é" * 20_000).message
        assert len(message.encode()) <= 16 * 1024
        assert message.endswith("é … [cut, 40000 bytes]")

    def test_a_line_of_16_kb_is_kept_whole(self, job: ScrapeJob) -> None:
        assert self.line(job, message="x" * 16 * 1024).message == "x" * 16 * 1024

    def test_nul_and_lone_surrogates_are_replaced(self, job: ScrapeJob) -> None:
        line = self.line(job, message="a\x00b\ud800c", sku="\x00", scraper="s" * 60)
        assert (line.message, line.sku, len(line.scraper or "")) == ("a�b�c", "�", 50)


class TestTheWholeLog:
    def test_lines_are_counted_by_level(self, job: ScrapeJob) -> None:
        append(job, [LogLine(level=LogLevel.ERROR), LogLine(level=LogLevel.INFO)])
        append(job, [LogLine(level=LogLevel.ERROR)])
        job.refresh_from_db()
        assert job.log_counts == {"error": 2, "info": 1}

    def test_a_full_log_closes_with_one_line_and_numbers_go_on(
        self, job: ScrapeJob, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal, "MAX_LINES", 3)
        append(job, numbered([1, 2]))
        append(job, numbered([3, 4, 5]))
        append(job, numbered([6]))
        job.refresh_from_db()
        assert stored(job) == [(1, 1), (2, 2), (3, 3), (4, None)]
        assert "later lines are not kept" in job.lines.get(position=4).message
        assert (job.log_closed, job.log_seq, job.log_head) == (True, 6, 4)

    def test_the_server_adds_lines_of_its_own(self, job: ScrapeJob) -> None:
        append(job, numbered([1]))
        journal.say(job, LogLevel.WARNING, "hear, hear")
        jobs.save(job)
        assert append(job, numbered([2])) == Appended(count=1)
        assert stored(job) == [(1, 1), (2, None), (3, 2)]
