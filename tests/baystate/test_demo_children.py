"""The demo's processes: each in a group of its own, none outlives the demo."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from baystate.demo.children import ROOT, Child, Children

WAITS = [sys.executable, "-S", "-c", "import signal; print('up', flush=True); signal.pause()"]
DEAF = [
    sys.executable,
    "-S",
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()",
]
PARENT = f"""
import os, sys
from pathlib import Path
from baystate.demo.children import Children
with Children(Path(sys.argv[1])) as children:
    child = children.start("child", {WAITS!r}, environment=dict(os.environ))
    print(child.process.pid, flush=True)
    sys.stdin.read()
"""


def up(child: Child) -> Child:
    """Wait until it has written its first line."""
    with child.log.open("rb") as log:
        while not log.readline():
            assert child.running
    return child


def test_each_child_leads_a_group_of_its_own_and_ends_with_the_demo(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        first, second = (children.start(name, WAITS, environment={}) for name in ("first", "second"))
        assert os.getpgid(first.process.pid) == first.process.pid != os.getpgid(second.process.pid)
        assert children.dead() == []
    assert (first.process.returncode, second.process.returncode) == (-signal.SIGTERM, -signal.SIGTERM)


def test_a_child_that_will_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("baystate.demo.children.GRACE", 0.05)
    with Children(tmp_path) as children:
        child = up(children.start("deaf", DEAF, environment={}))
    assert child.process.returncode == -signal.SIGKILL


def test_a_child_that_died_is_told_with_its_last_words(tmp_path: Path) -> None:
    failing = [sys.executable, "-S", "-c", "print('no such port'); raise SystemExit(3)"]
    with Children(tmp_path) as children:
        child = children.start("web server", failing, environment={})
        child.process.wait()
        assert children.dead() == [child]
        assert child.obituary() == (
            f"web server ended with exit code 3; its log is {tmp_path / 'web-server.log'}. Its last words: no such port"
        )


def test_a_child_that_was_killed_is_told_so(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        child = children.start("runner", WAITS, environment={})
        child.process.kill()
        child.process.wait()
        assert "runner was killed by SIGKILL" in child.obituary()


def test_a_child_that_we_kill_is_not_missed(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        up(children.start("runner office", WAITS, environment={}))
        assert children.kill("runner office").process.returncode == -signal.SIGKILL
        assert children.dead() == []
        with pytest.raises(LookupError):
            children.kill("runner office")


def test_children_end_when_the_demo_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert psutil.wait_procs([child], timeout=5)[1] == []
