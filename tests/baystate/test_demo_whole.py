"""The whole demo in a copy of the project, broken on purpose: `--once` must say so, and leave nothing running."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from baystate.demo.children import ROOT

pytestmark = pytest.mark.slow

PARTS = ("manage.py", "baystate", "pipeline", "scraping", "runners", "static", "templates")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path)
    return tmp_path


def broken(copy: Path, file: str, good: str, bad: str) -> None:
    path = copy / file
    text = path.read_text(encoding="utf-8")
    assert good in text
    path.write_text(text.replace(good, bad), encoding="utf-8")


@contextmanager
def once(copy: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The running demo, its words on one pipe; whatever happens, nothing of it outlives the test."""
    command = [sys.executable, "manage.py", "demo", "--once", *more]
    surroundings = {"PATH": os.environ["PATH"], "BAYSTATE_VAR": str(copy / "var"), "PYTHONIOENCODING": "utf-8"}
    demo = subprocess.Popen(
        command, cwd=copy, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    with demo:
        try:
            yield demo
        finally:
            demo.terminate()


def said_by(demo: subprocess.Popen[str]) -> str:
    return demo.communicate(timeout=170)[0]


def left_running(copy: Path) -> list[str]:
    """Processes that stand in the copy, as all of the demo's do."""
    found = ((process, process.info["cwd"] or "") for process in psutil.process_iter(["cwd"]))
    return [str(process) for process, folder in found if Path(folder).is_relative_to(copy)]


def test_a_broken_page_makes_it_fail(copy: Path) -> None:
    broken(copy, "baystate/demo/sites/pages/bradley/item.html", "<th>Brand</th>", "<th>Maker</th>")
    with once(copy) as demo:
        said = said_by(demo)
    assert demo.returncode == 1, said
    assert (
        "032247146500: its brand is “North Pasture Mills @acme”; the answer key says “North Pasture @bradley”." in said
    )
    assert "demo: 60 imported, 3 jobs, 53 enhanced, 6 not found, 1 failed, " in said
    assert left_running(copy) == []


def test_a_broken_rule_makes_it_fail(copy: Path) -> None:
    broken(copy, "pipeline/consolidation/rules.py", "-trust.get", "trust.get")
    with once(copy) as demo:
        said = said_by(demo)
    assert demo.returncode == 1, said
    assert "071843102152: its mpn is “HH-10215 @bradley”; the answer key says “HH-10215 @acme”." in said


def test_a_runner_killed_at_work_changes_no_ending(copy: Path) -> None:
    with once(copy, "--kill-runner") as demo:
        said = said_by(demo)
    assert demo.returncode == 0, said
    told = (
        r"runner ([\w-]+) was killed while it held job \w{8}; its \d+ open SKUs went on in job \w{8} with runner (\S+)"
    )
    killed = re.search(told, said)
    assert killed, said
    assert killed[1] != killed[2]
    assert "demo: 60 imported, 3 jobs, 53 enhanced, 6 not found, 1 failed, " in said
    assert left_running(copy) == []


def test_a_dead_runner_makes_it_fail(copy: Path) -> None:
    with once(copy) as demo:
        assert demo.stdout is not None
        assert any("four runners" in line for line in demo.stdout)
        runners = [child for child in psutil.Process(demo.pid).children() if "run_scraper" in child.cmdline()]
        office = [child for child in runners if child.environ()["BAYSTATE_API_KEY_FILE"].endswith("office.key")]
        office[0].send_signal(signal.SIGKILL)
        said = said_by(demo)
    assert demo.returncode == 1, said
    assert "runner office was killed by SIGKILL" in said
    assert left_running(copy) == []
