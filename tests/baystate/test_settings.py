"""What the settings read is what docs/configuration.md says."""

import re
import runpy
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

ROOT: Path = settings.BASE_DIR
NAME = re.compile(r'"((?:BAYSTATE|DATABASE)_[A-Z_]+)"')


def names_read() -> set[str]:
    files = [path for room in ("baystate", "pipeline", "scraping", "runners") for path in (ROOT / room).rglob("*.py")]
    own = [path for path in files if "demo" not in path.relative_to(ROOT).parts and path.name != "settings_test.py"]
    return {name for path in own for name in NAME.findall(path.read_text(encoding="utf-8"))}


def test_every_variable_is_described_and_every_description_is_true() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    assert described - {"BAYSTATE_PAGES", "CI"} == names_read()


def test_what_is_set_wrongly_is_a_sentence_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(argv: list[str]) -> None:
        raise ImproperlyConfigured("BAYSTATE_PORT is 'abc'")

    monkeypatch.setattr(sys, "argv", ["manage.py", "serve"])
    monkeypatch.setattr("django.core.management.execute_from_command_line", refuse)
    with pytest.raises(SystemExit, match=r"^manage.py: BAYSTATE_PORT is 'abc'$"):
        runpy.run_path(str(ROOT / "manage.py"), run_name="__main__")
