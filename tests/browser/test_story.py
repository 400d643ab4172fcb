"""A person goes through the whole application in a real browser, against the real demo."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chrome import chrome
from tests.browser.story import Story, tell

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def demo() -> Iterator[Path]:
    """The folder of a demo that has enhanced its products; it ends with the test.

    Not pytest's own folder, which every run of pytest closes to other accounts; the database may have one of its own.
    """
    with tempfile.TemporaryDirectory(prefix="baystate-story-") as folder:
        yield from _demo(Path(folder))


def _demo(folder: Path) -> Iterator[Path]:
    environment = os.environ | {"BAYSTATE_VAR": str(folder), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [ROOT / "bin" / "demo"], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Consolidated" in line:
            break
    else:
        pytest.fail("the demo ended: " + "".join(said))
    yield folder / "demo"
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)


def test_a_person_imports_enhances_watches_reviews_and_exports(
    demo: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pictures, folder = tmp_path_factory.mktemp("pictures"), tmp_path_factory.mktemp("sheet")
    url = (demo / "demo.url").read_text("utf-8")
    password = json.loads((demo / "demo.json").read_text("utf-8"))["password"]
    steps: list[str] = []
    with chrome() as window:
        tell(Story(window, url, password, pictures), demo / "register.xlsx", folder, steps.append)
    assert steps[-1] == "exported both"
    assert len(list(pictures.glob("*.png"))) == 30
