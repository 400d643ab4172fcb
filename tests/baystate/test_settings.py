"""What the settings read is what docs/configuration.md says."""

import re
from pathlib import Path

from django.conf import settings

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
