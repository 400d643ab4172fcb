"""What keeps the demo from waiting for the dead, from being deaf, and from sharing its folder."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from baystate.demo.alone import alone, empty
from baystate.demo.children import Children
from baystate.demo.signals import HEARD, EndedError, Signals
from baystate.demo.stage import Stage, StoppedError


@pytest.fixture
def signals() -> Iterator[Signals]:
    before = {number: signal.getsignal(number) for number in HEARD}
    yield Signals()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_it_waits_until_it_is_so(tmp_path: Path, signals: Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("baystate.demo.stage.LOOK_EVERY", 0)
    looks = iter([False, False, True])
    Stage(Children(tmp_path), signals).wait(lambda: next(looks), seconds=5, otherwise="")
    assert list(looks) == []


def test_it_says_what_did_not_happen_in_time(tmp_path: Path, signals: Signals) -> None:
    with pytest.raises(StoppedError, match="The jobs did not end within 0 s"):
        Stage(Children(tmp_path), signals).wait(lambda: False, seconds=0, otherwise="The jobs did not end")


def test_it_does_not_wait_for_the_dead(tmp_path: Path, signals: Signals) -> None:
    with Children(tmp_path) as children:
        children.start("runner office", [sys.executable, "-S", "-c", "raise SystemExit(1)"], environment={})
        with pytest.raises(StoppedError, match="runner office ended with exit code 1"):
            Stage(children, signals).wait(lambda: False, seconds=10, otherwise="")


def test_it_stands_while_a_runner_is_dead_and_falls_with_the_web_server(tmp_path: Path, signals: Signals) -> None:
    told: list[str] = []
    with Children(tmp_path) as children:
        children.start("runner office", [sys.executable, "-S", "-c", "raise SystemExit(1)"], environment={})
        wait = [sys.executable, "-S", "-c", "import signal; signal.pause()"]
        children.start("web server", wait, environment={})

        def tell(obituary: str) -> None:
            told.append(obituary)
            os.killpg(next(child for child in children if child.running).process.pid, signal.SIGKILL)

        with pytest.raises(StoppedError, match="web server was killed by SIGKILL"):
            Stage(children, signals).stand(tell)
    assert ["runner office ended with exit code 1" in obituary for obituary in told] == [True]


@pytest.mark.parametrize("number", HEARD)
def test_a_signal_is_noticed_at_the_next_look_and_the_second_one_at_once(
    tmp_path: Path, signals: Signals, number: signal.Signals
) -> None:
    os.kill(os.getpid(), number)
    with pytest.raises(EndedError):
        Stage(Children(tmp_path), signals).wait(lambda: False, seconds=10, otherwise="")
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


def test_one_demo_to_a_folder(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(StoppedError, match="Another demo is running"), alone(tmp_path):
        pass


def test_an_emptied_folder_keeps_nothing_but_its_lock(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "web.log").touch()
    (tmp_path / "register.xlsx").touch()
    with alone(tmp_path):
        empty(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["demo.lock"]
