"""What bin/bootstrap says is missing, tried with interpreters that only pretend."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

BOOTSTRAP: Path = settings.BASE_DIR / "bin" / "bootstrap"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A project's root with nothing but a folder of programs."""
    for name in ("sh", "cksum", "cat", "head"):
        found = shutil.which(name)
        assert found
        (tmp_path / "programs").mkdir(exist_ok=True)
        (tmp_path / "programs" / name).symlink_to(found)
    (tmp_path / "requirements.txt").write_text("one==1\n")
    return tmp_path


def pretend(home: Path, name: str, script: str) -> None:
    program = home / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def bootstrap(home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-euc", f". '{BOOTSTRAP}'; bootstrap requirements.txt", "bin/demo"],
        cwd=home,
        env={"PATH": str(home / "programs"), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_says_that_there_is_no_python(home: Path) -> None:
    done = bootstrap(home)
    assert done.returncode == 1
    assert done.stderr.startswith("bin/demo: Python 3.11 or later with venv and pip is needed.\nInstall one")


def test_it_names_a_python_that_is_too_old(home: Path) -> None:
    pretend(home, "programs/python3", 'if [ "$1" = --version ]; then echo Python 3.9.2; else exit 1; fi')
    done = bootstrap(home)
    assert done.returncode == 1
    assert f"{home}/programs/python3: Python 3.9.2, too old or broken" in done.stderr


def test_it_says_how_to_get_a_missing_venv_module(home: Path) -> None:
    pretend(home, "programs/python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    done = bootstrap(home)
    assert done.returncode == 1
    assert "has no venv module with pip (on Debian and Ubuntu: apt-get install python3-venv)" in done.stderr


def test_it_takes_the_first_python_that_will_do(home: Path) -> None:
    pretend(home, "programs/python3", "exit 1")
    pretend(home, "programs/python3.12", 'case "$2" in venv) echo "made by 3.12" >&2; exit 1;; esac')
    assert "made by 3.12" in bootstrap(home).stderr


def test_it_takes_the_python_that_is_named(home: Path) -> None:
    pretend(home, "programs/python3", "exit 0")
    pretend(home, "mine", 'case "$2" in venv) echo "made by mine" >&2; exit 1;; esac')
    assert "made by mine" in bootstrap(home, PYTHON=str(home / "mine")).stderr


def test_it_says_that_no_index_was_reached(home: Path) -> None:
    pretend(home, ".venv/bin/python", 'case "$2" in pip) echo "no route" >&2; exit 1;; esac')
    done = bootstrap(home)
    assert done.returncode == 1
    assert "no route" in done.stderr
    assert "Is a package index reachable?" in done.stderr


def test_it_installs_only_when_the_requirements_changed(home: Path) -> None:
    pretend(home, ".venv/bin/python", 'case "$2" in pip) echo installed >>log;; esac')
    for _ in range(2):
        assert bootstrap(home).returncode == 0
    assert (home / "log").read_text() == "installed\n"
    (home / "requirements.txt").write_text("one==2\n")
    assert bootstrap(home).returncode == 0
    assert (home / "log").read_text() == "installed\ninstalled\n"


def test_a_failed_install_is_tried_again(home: Path) -> None:
    pretend(home, ".venv/bin/python", 'case "$2" in pip) exit 1;; esac')
    assert bootstrap(home).returncode == 1
    assert bootstrap(home).returncode == 1


def test_this_python_would_do(home: Path) -> None:
    (home / "programs" / "python3").symlink_to(sys.executable)
    found = subprocess.run(
        ["sh", "-euc", f'. "{BOOTSTRAP}"; find_python; echo "$found"'],
        env={"PATH": str(home / "programs")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "python3\n"
