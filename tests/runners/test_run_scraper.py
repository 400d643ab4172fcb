"""The command, as an operator starts it: a process of its own with a hostile environment."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from runners.agent.management.commands.run_scraper import Command
from runners.agent.spool import Spool
from tests.runners.fake_server import KEY, FakeServer, server
from tests.runners.shop import PASSWORD, USER, Shop
from tests.runners.wire import Asked, Reply, answer

ROOT = Path(__file__).parents[2]
# Runs manage.py as `python manage.py …` does, and writes down at the end which modules were loaded.
TELLING = """
import atexit, json, pathlib, runpy, sys
out = pathlib.Path(sys.argv.pop(1))
atexit.register(lambda: out.write_text(json.dumps(sorted(sys.modules))))
sys.path.insert(0, str(pathlib.Path("manage.py").resolve().parent))
sys.argv[0] = "manage.py"
runpy.run_path("manage.py", run_name="__main__")
"""
FORBIDDEN = re.compile(r"psycopg|pgtrigger|django\.contrib|(baystate|pipeline|scraping|runners)\.(.*\.)?models(\.|$)")
DEFAULTS = {
    "url": None,
    "once": True,
    "job_id": None,
    "poll_seconds": 0.01,
    "allow_plain_http": False,
    "spool": None,
    "grace": 30.0,
}


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with server() as running:
        running.secrets["bradley"] = {"username": USER, "password": PASSWORD}
        yield running


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.wire.close()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    return file


def start(fake: FakeServer, key_file: Path, *arguments: str) -> subprocess.Popen[str]:
    surroundings = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "nonsense://nobody@nowhere:x/",
        "DATABASE_DIRECT_URL": "?",
        "DJANGO_SETTINGS_MODULE": "no.such.settings",
        "BAYSTATE_SECRET_KEY": "",
        "BAYSTATE_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
        "BAYSTATE_API_KEY_FILE": str(key_file),
    }
    modules, spool = (str(key_file.with_name(name)) for name in ("modules.json", "spool.sqlite3"))
    options = ["--url", fake.wire.url, "--spool", spool]
    return subprocess.Popen(
        [sys.executable, "-c", TELLING, modules, "run_scraper", *options, *arguments],
        cwd=ROOT,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    return process.returncode, out + err


def test_it_does_a_login_job_without_a_database_whatever_the_environment_says(
    fake: FakeServer, shop: Shop, key_file: Path
) -> None:
    fake.offer(shop.definition(), skus=["007", "008"])
    code, said = end(start(fake, key_file, "--once"))
    assert (code, fake.ending["status"]) == (0, "completed"), said
    assert fake.outcomes() == {("007", "bradley"): "found", ("008", "bradley"): "not_found"}
    loaded = json.loads(key_file.with_name("modules.json").read_text())
    assert [name for name in loaded if FORBIDDEN.match(name)] == []
    assert "runners.agent.loop" in loaded
    for secret in (KEY, USER, PASSWORD):
        assert secret not in said


def test_sigterm_finishes_the_unit_in_hand_and_leaves_cleanly(fake: FakeServer, shop: Shop, key_file: Path) -> None:
    in_hand, go_on = threading.Event(), threading.Event()

    def hold(asked: Asked) -> Reply | None:
        if asked.query.get("q") == "007":
            in_hand.set()
            assert go_on.wait(20)
        return None

    shop.special = hold
    fake.offer(shop.definition(politeness={"delay_s": 0, "timeout_s": 30}), skus=["007", "008"], heartbeat_seconds=0.01)
    process = start(fake, key_file)
    try:
        assert in_hand.wait(20)
        process.send_signal(signal.SIGTERM)
        fake.wait_for(lambda: bool(fake.beats) and fake.beats[-1]["draining"])
    finally:
        go_on.set()
        code, said = end(process)
    assert code == 0, said
    assert fake.outcomes() == {("007", "bradley"): "found"}
    assert (fake.ending["status"], fake.ending["reason"]) == ("failed", "interrupted")
    assert "Traceback" not in said


def test_a_second_sigterm_hands_back_at_once(fake: FakeServer, shop: Shop, key_file: Path) -> None:
    in_hand, go_on = threading.Event(), threading.Event()

    def hold(asked: Asked) -> Reply | None:
        in_hand.set()
        assert go_on.wait(20)
        return None

    shop.special = hold
    fake.offer(shop.definition(politeness={"delay_s": 0, "timeout_s": 30}), skus=["007"], heartbeat_seconds=0.01)
    process = start(fake, key_file, "--grace", "600")
    try:
        assert in_hand.wait(20)
        process.send_signal(signal.SIGTERM)
        fake.wait_for(lambda: bool(fake.beats) and fake.beats[-1]["draining"])
        process.send_signal(signal.SIGTERM)
        code, said = end(process)
    finally:
        go_on.set()
    assert (code, fake.outcomes()) == (0, {}), said
    assert (fake.ending["status"], fake.ending["reason"]) == ("failed", "interrupted")


class TestAfterSigkill:
    """A runner that was killed while the server took nothing, and started again."""

    @pytest.fixture
    def left(self, fake: FakeServer, shop: Shop, key_file: Path) -> None:
        """One unit is done and unsent, one was in hand."""
        in_hand, go_on = threading.Event(), threading.Event()

        def hold(asked: Asked) -> Reply | None:
            if asked.query.get("q") == "008":
                in_hand.set()
                assert go_on.wait(20)
            return None

        def away(asked: Asked) -> Reply | None:
            results = asked.path.endswith("logs") or (asked.path.endswith("callback") and asked.json.get("results"))
            return answer({}, 503) if results else None

        shop.special, fake.before = hold, away
        fake.offer(
            shop.definition(politeness={"delay_s": 0, "timeout_s": 30}), skus=["007", "008"], heartbeat_seconds=0.01
        )
        process = start(fake, key_file)
        try:
            assert in_hand.wait(20)
            fake.wait_for(lambda: bool(fake.beats) and fake.beats[-1]["jobs"][0]["done"] == 1)
        finally:
            process.kill()
            go_on.set()
            end(process)
        assert fake.units == {}
        fake.before, shop.special = lambda asked: None, lambda asked: None
        shop.wire.asked.clear()
        fake.wire.asked.clear()

    def poll(self, fake: FakeServer) -> dict[str, object]:
        body: dict[str, object] = next(asked.json for asked in fake.wire.asked if asked.path.endswith("poll"))
        return body

    @pytest.mark.usefixtures("left")
    def test_it_goes_on_with_what_is_open(self, fake: FakeServer, shop: Shop, key_file: Path) -> None:
        fake.held = {"job-1": "keep"}
        process = start(fake, key_file)
        fake.wait_for(lambda: bool(fake.words) and fake.ending["status"] != "running")
        process.send_signal(signal.SIGTERM)
        code, said = end(process)
        assert (code, fake.ending["status"]) == (0, "completed"), said
        assert self.poll(fake)["holding"] == ["job-1"]
        assert fake.outcomes() == {("007", "bradley"): "found", ("008", "bradley"): "not_found"}
        assert {asked.query.get("q") for asked in shop.wire.asked} & {"007", "008"} == {"008"}
        assert [line["seq"] for line in fake.lines] == list(range(1, len(fake.lines) + 1))
        assert "going on: 1 of 2 units are done" in fake.messages()

    @pytest.mark.usefixtures("left")
    def test_it_drops_what_went_to_another(self, fake: FakeServer, shop: Shop, key_file: Path) -> None:
        process = start(fake, key_file)
        fake.wait_for(lambda: sum(asked.path.endswith("poll") for asked in fake.wire.asked) > 1)
        process.send_signal(signal.SIGTERM)
        code, said = end(process)
        assert (code, fake.units, shop.wire.asked) == (0, {}, [])
        assert "job job-1 ended or went to another runner meanwhile" in said

    @pytest.mark.usefixtures("left")
    def test_one_that_was_cancelled_delivers_what_it_has(self, fake: FakeServer, shop: Shop, key_file: Path) -> None:
        fake.held = {"job-1": "cancel"}
        process = start(fake, key_file)
        fake.wait_for(lambda: bool(fake.words) and fake.ending["status"] == "failed")
        process.send_signal(signal.SIGTERM)
        code, said = end(process)
        assert (code, fake.ending["reason"]) == (0, "cancelled"), said
        assert fake.outcomes() == {("007", "bradley"): "found"}
        assert shop.wire.asked == []


def test_a_refused_key_ends_it_with_a_sentence(fake: FakeServer, key_file: Path) -> None:
    key_file.write_text("bsr_of_somebody_else")
    code, said = end(start(fake, key_file))
    assert code == 1
    assert f"{fake.wire.url} refuses this key: sentence of unauthorized." in said
    assert "Traceback" not in said
    assert "bsr_of_somebody_else" not in said


@pytest.mark.parametrize(
    ("surroundings", "sentence"),
    [
        ({}, "set BAYSTATE_API_KEY"),
        ({"BAYSTATE_API_KEY_FILE": "/no/such/file"}, "BAYSTATE_API_KEY_FILE"),
        ({"BAYSTATE_API_KEY": "bsr_ with spaces"}, "does not look like a key"),
        ({"BAYSTATE_API_KEY": KEY}, "BAYSTATE_URL"),
        ({"BAYSTATE_API_KEY": KEY, "BAYSTATE_URL": "http://shop.example"}, "--allow-plain-http"),
        (
            {"BAYSTATE_API_KEY": KEY, "BAYSTATE_URL": "https://shop.example", "BAYSTATE_ALLOW_PRIVATE_HOSTS": "a/b"},
            "BAYSTATE_ALLOW_PRIVATE_HOSTS",
        ),
    ],
)
def test_what_is_missing_is_said_with_its_name(
    monkeypatch: pytest.MonkeyPatch, surroundings: dict[str, str], sentence: str
) -> None:
    for name in ("BAYSTATE_API_KEY", "BAYSTATE_API_KEY_FILE", "BAYSTATE_URL", "BAYSTATE_ALLOW_PRIVATE_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CommandError, match=sentence):
        Command().handle(**DEFAULTS)


def test_a_spool_that_another_process_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAYSTATE_API_KEY", KEY)
    monkeypatch.setenv("BAYSTATE_URL", "https://shop.example")
    taken = Spool(tmp_path / "spool.sqlite3")
    try:
        with pytest.raises(CommandError, match="another process uses"):
            Command().handle(**DEFAULTS | {"spool": tmp_path / "spool.sqlite3"})
    finally:
        taken.close()
    with pytest.raises(CommandError, match="cannot be written"):
        Command().handle(**DEFAULTS | {"spool": Path("/proc/no/such/place")})
