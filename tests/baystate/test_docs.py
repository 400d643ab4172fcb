"""The pages under docs/: their links lead somewhere, their tables list what the code knows."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from runners.protocol import tokens, units
from runners.protocol.definition import Definition, Politeness, Rule, Step, consistency, reading, rules, steps
from runners.protocol.fields import CARDINALITY, Field
from runners.protocol.words import Outcome, Reason

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
SCRAPER, GLOSSARY = ROOT / "docs" / "add-a-scraper.md", ROOT / "docs" / "glossary.md"


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The headings as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    found = []
    for link in LINK.findall(prose(page)):
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" not in link and (not target.exists() or (anchor and anchor not in anchors(target))):
            found.append(link)
    return found


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    part = prose(page).split(f" {heading}\n", 1)[1].split("\n#")[0]
    lines = [line.strip("|").split(" | ") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


def named(page: Path, heading: str) -> list[str]:
    """What stands in backticks in the first column."""
    return [name for row in rows(page, heading) for name in re.findall(r"`([^`]+)`", row[0])]


def keys(part: Any) -> list[str]:
    return [field.alias or name for name, field in part.model_fields.items()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


@pytest.mark.parametrize(
    ("page", "heading", "known"),
    [
        (SCRAPER, "The document", keys(Definition)),
        (SCRAPER, "A field's rule", keys(Rule)),
        (SCRAPER, "Places to look", list(rules.SOURCES)),
        (SCRAPER, "Transforms", list(steps.KINDS)),
        (SCRAPER, "Tokens", [f"{{{name}}}" for name in tokens.PRODUCT | tokens.SECRET]),
        (SCRAPER, "Fields", list(Field)),
        (GLOSSARY, "Outcomes", list(Outcome)),
        (GLOSSARY, "Reasons of a failed job", list(Reason)),
    ],
)
def test_a_table_lists_all_that_is_known_and_nothing_else(page: Path, heading: str, known: list[str]) -> None:
    assert sorted(named(page, heading)) == sorted(known)


def test_each_field_has_as_many_values_as_its_row_says() -> None:
    said = {row[0].strip("`"): row[1].split(":")[0] for row in rows(SCRAPER, "Fields")}
    assert said == {field.value: cardinality.value for field, cardinality in CARDINALITY.items()}


def test_each_transform_may_be_written_as_its_row_does() -> None:
    written = [
        json.loads(text)
        for _, row in rows(SCRAPER, "Transforms")
        for text in re.findall(r"`(\{\"\w+\": [^…`]+\})`", row)
    ]
    assert len(written) == 10
    for document in written:
        Step.model_validate(document)


def test_politeness_and_limits_are_those_of_the_code() -> None:
    defaults = {row[0].strip("`"): row[1] for row in rows(SCRAPER, "Politeness")}
    assert defaults == {name: str(value) for name, value in Politeness().model_dump().items()}
    limits = [row[1] for row in rows(SCRAPER, "Limits")]
    assert limits == [
        f"{reading.MOST_BYTES} bytes",
        str(consistency.MOST_SELECTORS),
        str(steps.MOST_STEPS),
        "2000 characters",
    ]


def test_the_units_are_those_that_are_read() -> None:
    line = next(line for line in prose(SCRAPER).splitlines() if line.startswith("Units: "))
    assert set(re.findall(r"`([^`]+)`", line)) == units.UNITS
