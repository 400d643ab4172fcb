"""The floors: every package stands on one, and every room in it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BESIDE_THE_HOUSE = {"tests"}


def contracts() -> dict[str, Any]:
    document: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    linter: dict[str, Any] = document["tool"]["importlinter"]
    return linter


def test_every_root_package_has_a_floor() -> None:
    found = {folder.parent.name for folder in ROOT.glob("*/__init__.py")} - BESIDE_THE_HOUSE
    (house,) = [
        contract
        for contract in contracts()["contracts"]
        if contract["type"] == "layers" and "containers" not in contract
    ]
    assert found == set(contracts()["root_packages"]) == set(house["layers"])


@pytest.mark.parametrize("package", ["baystate", "pipeline", "scraping", "runners"])
def test_every_room_of_a_package_must_have_a_floor(package: str) -> None:
    own = [contract for contract in contracts()["contracts"] if contract.get("containers") == [package]]
    assert [contract["exhaustive"] for contract in own] == [True]
