"""The demo's surroundings: its own folder and secrets, and nothing of a real installation's."""

from pathlib import Path

import pytest

from baystate.demo import environment


def prepared(folder: Path, *arguments: str, **environ: str) -> dict[str, str]:
    surroundings = {"BAYSTATE_VAR": str(folder), "PATH": "/bin"} | environ
    environment.prepare(arguments, surroundings)
    return surroundings


def test_a_real_installation_is_out_of_reach(tmp_path: Path) -> None:
    real = {"DATABASE_URL": "postgresql://shop", "BAYSTATE_SECRET_KEY": "theirs", "DJANGO_SETTINGS_MODULE": "theirs"}
    surroundings = prepared(tmp_path, **real)
    assert not set(real.values()) & set(surroundings.values())
    assert "DATABASE_URL" not in surroundings
    assert surroundings["PATH"] == "/bin"


def test_each_demo_has_a_folder_of_its_own_beside_a_real_database(tmp_path: Path) -> None:
    assert prepared(tmp_path, "--once")["BAYSTATE_VAR"] == str(tmp_path / "once")
    assert prepared(tmp_path)["BAYSTATE_VAR"] == str(tmp_path / "demo")


def test_secrets_are_kept_for_the_next_start_and_for_their_owner_alone(tmp_path: Path) -> None:
    first = prepared(tmp_path)
    assert prepared(tmp_path) == first
    assert (tmp_path / "demo" / "demo.json").stat().st_mode & 0o777 == 0o600


def test_only_a_demo_that_kills_a_runner_misses_one_sooner(tmp_path: Path) -> None:
    assert "BAYSTATE_LEASE_SECONDS" not in prepared(tmp_path, "--once")
    assert float(prepared(tmp_path, "--once", "--kill-runner")["BAYSTATE_LEASE_SECONDS"]) < 45


def test_damaged_secrets_are_made_anew(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "demo.json").write_text("{", encoding="utf-8")
    assert len(prepared(tmp_path)["BAYSTATE_SECRET_KEY"]) >= 50


def test_a_runner_is_told_no_secret_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAYSTATE_SECRET_KEY", "secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://shop")
    told = environment.of_runner(url="http://127.0.0.1:8000", key_file=tmp_path / "runner.key")
    assert told["BAYSTATE_URL"] == "http://127.0.0.1:8000"
    assert not {"BAYSTATE_SECRET_KEY", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"} & set(told)
