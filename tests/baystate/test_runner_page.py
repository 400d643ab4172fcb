"""docs/run-a-runner.md quotes what the code says and offers the options that it has."""

import re
from argparse import ArgumentParser

import pytest

from runners.agent.management.commands.run_scraper import Command
from runners.protocol.words import Outcome, Reason
from tests.baystate.test_docs import ROOT, rows

PAGE = ROOT / "docs" / "run-a-runner.md"
AGENT = ROOT / "runners" / "agent"
THROTTLED = ROOT / "scraping" / "api" / "throttling.py"
QUOTES = [quote for row in rows(PAGE, "What the runner says") for quote in re.findall(r"`([^`_]+)`", row[0])]


def strings() -> str:
    """The code with its adjacent strings made one."""
    files = [*sorted(AGENT.rglob("*.py")), THROTTLED]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r'"\s*\n\s*f?"', "", text)


@pytest.mark.parametrize("quote", QUOTES)
def test_what_is_quoted_is_what_the_code_says(quote: str) -> None:
    code = strings()
    for part in quote.split("…"):
        said = part.strip().strip(":;,.")
        assert said in code or all(words.strip() in code for words in said.split(": ")), said


def test_there_are_quotes() -> None:
    assert len(QUOTES) >= 15


def test_every_option_is_explained() -> None:
    parser = ArgumentParser(add_help=False)
    Command().add_arguments(parser)
    options = {option for action in parser._actions for option in action.option_strings}
    table = "\n".join(row[0] + row[1] for row in rows(PAGE, "2. Start it"))
    assert {option for option in options if option not in table} == set()


def test_every_way_to_fail_is_there() -> None:
    table = "\n".join(row[0] for row in rows(PAGE, "What the pages say"))
    handled = {Reason.CANCELLED, Outcome.FOUND, Outcome.NOT_FOUND, Outcome.AMBIGUOUS}
    assert {word for word in [*Reason, *Outcome] if word not in handled and f"`{word}`" not in table} == set()
