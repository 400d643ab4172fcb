"""`bin/screenshots`: goes through the running demo as a person would and writes pictures of what it sees."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import requests

from tests.browser.chrome import chrome, programs
from tests.browser.story import Story, tell

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """0 when every step went well; else 1, and a sentence says which did not."""
    parser = argparse.ArgumentParser(prog="bin/screenshots", description=__doc__)
    parser.add_argument("--var", type=Path, default=ROOT / "var" / "demo", help="the demo's folder (default: var/demo)")
    parser.add_argument("--pictures", type=Path, default=ROOT / "docs" / "pictures", help="where the pictures go")
    options = parser.parse_args()
    try:
        programs()
        url = (options.var / "demo.url").read_text("utf-8").strip()
        requests.get(f"{url}/admin/login/", timeout=10).raise_for_status()
        password = json.loads((options.var / "demo.json").read_text("utf-8"))["password"]
    except LookupError as missing:
        return _fail(str(missing))
    except (OSError, requests.RequestException):
        return _fail("no demo is running there: start bin/demo first, in another terminal, and wait for its address.")
    options.pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chrome() as window:
        story = Story(window, url, password, options.pictures)
        try:
            tell(story, options.var / "register.xlsx", Path(folder), lambda done: sys.stdout.write(f"✓ {done}\n"))
        except AssertionError as wrong:
            return _fail(str(wrong))
    sys.stdout.write(f"{len(list(options.pictures.glob('*.png')))} pictures in {options.pictures}\n")
    return 0


def _fail(sentence: str) -> int:
    sys.stderr.write(f"bin/screenshots: {sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
