"""What outlives the process."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runners.agent.spool import LIMIT, Spool, find
from runners.agent.spoolfile import SpoolInUse
from runners.protocol.messages import Callback, JobOffer, LogLine, UnitItem
from runners.protocol.words import JobStatus, LogLevel, Outcome

JOB = JobOffer(job_id="job-1", skus=["007", "008"], scrapers=[])


def line(seq: int, *, level: LogLevel = LogLevel.INFO, message: str = "said") -> LogLine:
    return LogLine(level=level, message=message, seq=seq)


def unit(sku: str) -> UnitItem:
    return UnitItem(sku=sku, scraper="acme", outcome=Outcome.FOUND, fields={"name": "Gold"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "spool.sqlite3"


def left(path: Path) -> Path:
    """The file as a process that was killed leaves it: never closed, its write-ahead log beside it."""
    copy = path.with_name("left.sqlite3")
    for ending in ("", "-wal"):
        source = path.with_name(path.name + ending)
        if source.exists():
            copy.with_name(copy.name + ending).write_bytes(source.read_bytes())
    return copy


class TestAfterTheProcess:
    def test_results_lines_and_the_job_are_there(self, path: Path) -> None:
        before = Spool(path)
        before.begin(JOB)
        before.units("job-1").put(unit("007"))
        for seq in (1, 2, 3):
            before.lines("job-1").put(line(seq))
        after = Spool(left(path))
        assert after.holding() == ["job-1"]
        assert after.unsent("job-1") == [("007", "acme")]
        assert [said for _number, said in after.lines("job-1").oldest(10)] == [line(1), line(2), line(3)]
        before.close()
        after.close()

    def test_what_the_server_has_is_gone_and_its_numbers_are_not_given_again(self, path: Path) -> None:
        before = Spool(path)
        before.begin(JOB)
        lines = before.lines("job-1")
        for seq in (1, 2, 3):
            lines.put(line(seq))
        lines.drop(lines.oldest(3)[2][0])
        after = Spool(left(path))
        assert after.lines("job-1").oldest(10) == []
        assert after.lines("job-1").last_seq == 3
        before.close()
        after.close()

    def test_the_last_word_is_repeated_in_the_same_words(self, path: Path) -> None:
        before = Spool(path)
        before.begin(JOB)
        word = Callback(job_id="job-1", status=JobStatus.COMPLETED)
        assert before.word("job-1") is None
        before.say("job-1", word)
        before.close()
        after = Spool(path)
        assert after.word("job-1") == word
        assert after.word("job-1").model_dump(exclude_unset=True) == word.model_dump(exclude_unset=True)  # type: ignore[union-attr]
        after.close()

    def test_a_job_that_is_over_leaves_nothing(self, path: Path) -> None:
        spool = Spool(path)
        spool.begin(JOB)
        spool.units("job-1").put(unit("007"))
        spool.forget("job-1")
        assert (spool.holding(), spool.unsent("job-1")) == ([], [])
        spool.close()


class TestTheFile:
    def test_only_its_owner_reads_it(self, path: Path) -> None:
        Spool(path).close()
        assert path.stat().st_mode & 0o777 == 0o600

    def test_it_is_written_ahead_and_results_reach_the_disk(self, path: Path) -> None:
        spool = Spool(path)
        asked: list[str] = []
        spool._db.set_trace_callback(asked.append)
        spool.units("job-1").put(unit("007"))
        spool.lines("job-1").put(line(1))
        assert [said for said in asked if "PRAGMA" in said] == [
            "PRAGMA synchronous = FULL",
            "PRAGMA synchronous = NORMAL",
        ]
        assert spool._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        spool.close()

    def test_two_processes_never_share_one(self, tmp_path: Path) -> None:
        first = find(tmp_path, "key")
        with pytest.raises(SpoolInUse):
            Spool(tmp_path / "key-1.sqlite3")
        second = find(tmp_path, "key")
        assert (tmp_path / "key-2.sqlite3").exists()
        first.close()
        again = find(tmp_path, "key")
        with pytest.raises(SpoolInUse):
            Spool(tmp_path / "key-1.sqlite3")
        second.close()
        again.close()

    def test_a_damaged_one_is_set_aside(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        path.parent.mkdir()
        path.write_bytes(b"this is no database" * 1000)
        spool = Spool(path)
        spool.begin(JOB)
        assert spool.holding() == ["job-1"]
        assert [file.read_bytes()[:7] for file in path.parent.glob("*.damaged-*")] == [b"this is"]
        assert "is damaged" in caplog.text
        spool.close()

    def test_rows_that_cannot_be_read_hold_nothing_up(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        before = Spool(path)
        before.begin(JOB)
        for sku in ("007", "008"):
            before.units("job-1").put(unit(sku))
        for seq in (1, 2, 3):
            before.lines("job-1").put(line(seq))
        before.say("job-1", Callback(job_id="job-1", status=JobStatus.COMPLETED))
        before.close()
        with closing(sqlite3.connect(path)) as file, file:
            file.execute("UPDATE thing SET body = CAST(x'7bff' AS TEXT) WHERE body LIKE '%007%'")
            file.execute("UPDATE thing SET body = substr(body, 1, 20) WHERE seq = 2")
            file.execute("UPDATE job SET word = '[]'")
        after = Spool(path)
        assert after.holding() == ["job-1"]
        assert after.unsent("job-1") == [("008", "acme")]
        lines = [said for _number, said in after.lines("job-1").oldest(10)]
        assert [said.seq for said in lines] == [1, 2, 3]
        assert [said.level for said in lines] == ["info", "warning", "info"]
        assert after.word("job-1") is None
        assert "3 row(s) of the spool could not be read" in caplog.text
        after.close()


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.iterdir())


class TestItsSize:
    """Bytes on the disk, the log written ahead included."""

    @pytest.mark.parametrize("levels", ["d", "ddi"])
    def test_it_keeps_its_limit_whatever_is_said(self, path: Path, levels: str) -> None:
        spool, most = Spool(path, limit=4_000_000), 0
        spool.begin(JOB)
        lines, words = spool.lines("job-1"), {"d": LogLevel.DEBUG, "i": LogLevel.INFO}
        for seq in range(1, 1_200):
            lines.put(line(seq, level=words[levels[seq % len(levels)]], message="Ж" * 6_000))
            most = max(most, size(path)) if seq % 10 == 0 else most
        assert 4_000_000 < most < 11_000_000
        assert not spool.full
        spool.close()

    def test_it_gives_the_disk_back(self, path: Path) -> None:
        spool = Spool(path)
        spool.begin(JOB)
        lines = spool.lines("job-1")
        for seq in range(1, 500):
            lines.put(line(seq, message="x" * 12_000))
        before = size(path)
        spool.forget("job-1")
        assert size(path) < before / 10
        spool.close()

    def test_it_never_takes_more_than_it_may(self, path: Path) -> None:
        spool = Spool(path)
        page, pages = (spool._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "max_page_count"))
        assert LIMIT < page * pages < 170_000_000
        spool.close()


def full(spool: Spool) -> None:
    """Let the disk take no more."""
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count = {pages}")


class TestAFullDisk:
    def test_what_it_does_not_take_goes_on_from_memory(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        spool = Spool(path)
        spool.begin(JOB)
        full(spool)
        units = spool.units("job-1")
        skus = [f"{number:05}" for number in range(300)]
        for sku in skus:
            units.put(unit(sku))
        assert spool.full
        assert "cannot be written" in caplog.text
        assert (units.count(), [item.sku for _number, item in units.oldest(1000)]) == (300, skus)
        units.drop(units.oldest(100)[99][0])
        assert [item.sku for _number, item in units.oldest(1000)] == skus[100:]
        spool.close()

    def test_it_takes_things_again_once_there_is_room(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("runners.agent.spool._TRY_EVERY", 0.0)
        spool = Spool(path)
        spool.begin(JOB)
        full(spool)
        units = spool.units("job-1")
        while not spool.full:
            units.put(unit("x" * 1000))
        assert not spool.probe() or not spool.full
        spool._db.execute("PRAGMA max_page_count = 1000000")
        assert spool.probe()
        units.put(unit("last"))
        expected = units.count()
        spool.close()
        after = Spool(path)
        assert after.units("job-1").count() == expected
        after.close()

    def test_the_job_in_hand_is_remembered_once_there_is_room(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("runners.agent.spool._TRY_EVERY", 0)
        before = Spool(path)
        full(before)
        before.begin(JOB.model_copy(update={"skus": [str(number) for number in range(9000)]}))
        assert (before.full, before.holding()) == (True, [])
        before.units("job-1").put(unit("007"))
        before._db.execute("PRAGMA max_page_count = 9000")
        before.units("job-1").put(unit("008"))
        after = Spool(left(path))
        assert after.holding() == ["job-1"]
        assert after.unsent("job-1") == [("008", "acme")]
        before.close()
        after.close()


class TestTooManyLines:
    def lines(self, levels: str, *, limit: int) -> list[tuple[int, int, str]]:
        """(first, last number, level) of what is left of lines whose levels are d, i, w, e."""
        spool = Spool(None, limit=limit)
        spool.begin(JOB)
        lines = spool.lines("job-1")
        words = {"d": LogLevel.DEBUG, "i": LogLevel.INFO, "w": LogLevel.WARNING, "e": LogLevel.ERROR}
        for seq, letter in enumerate(levels, start=1):
            lines.put(line(seq, level=words[letter], message="x" * 800))
        found = [said for _number, said in lines.oldest(-1)]
        spool.close()
        return [(said.seq or 0, said.through or said.seq or 0, str(said.level)) for said in found]

    def test_debug_lines_go_first_and_leave_one_counted_mark(self) -> None:
        found = self.lines("i" + "d" * 8 + "iii", limit=12_000)
        assert found[:2] == [(1, 1, "info"), (2, 9, "warning")]
        assert [seq for seq, _through, _level in found[2:]] == [10, 11, 12]

    def test_numbers_stay_without_a_gap_and_what_matters_stays(self) -> None:
        found = self.lines("dde" + "dii" * 20 + "w" + "ddd" * 10, limit=30_000)
        assert [level for first, last, level in found if first == last and level == "error"] == ["error"]
        upto = 0
        for first, last, _level in found:
            assert first == upto + 1
            upto = last
        assert upto == 94

    def test_lines_on_their_way_are_left_alone(self) -> None:
        spool = Spool(None, limit=12_000)
        spool.begin(JOB)
        lines = spool.lines("job-1")
        for seq in range(1, 6):
            lines.put(line(seq, level=LogLevel.DEBUG, message="x" * 800))
        away = lines.oldest(3)
        for seq in range(6, 20):
            lines.put(line(seq, level=LogLevel.DEBUG, message="x" * 800))
        assert lines.oldest(3) == away
        lines.drop(away[2][0])
        assert lines.oldest(1)[0][1].seq == 4
        spool.close()

    def test_results_are_never_dropped(self) -> None:
        spool = Spool(None, limit=3_000)
        spool.begin(JOB)
        units = spool.units("job-1")
        for number in range(20):
            units.put(unit(str(number)))
        assert (units.count(), spool.full) == (20, True)
        spool.close()

    def test_a_mark_is_what_the_server_reads(self) -> None:
        assert self.lines("d" * 40, limit=12_000)[0][:2][0] == 1
        spool = Spool(None, limit=12_000)
        spool.begin(JOB)
        lines = spool.lines("job-1")
        for seq in range(1, 41):
            lines.put(line(seq, level=LogLevel.DEBUG, message="x" * 800))
        first = lines.oldest(1)[0][1]
        assert first.through is not None
        assert first.message.startswith(f"{first.through} line(s) dropped")
        spool.close()


def test_its_rows_are_readable_with_any_sqlite(path: Path) -> None:
    spool = Spool(path)
    spool.begin(JOB)
    spool.units("job-1").put(unit("007"))
    spool.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT kind, job FROM thing").fetchall() == [("unit", "job-1")]
    db.close()
