"""What the demo says in the terminal."""

import io
import re
from collections import Counter

from rich.console import Console

from baystate.demo.screen import Screen
from runners.models import Runner
from scraping.models import ScrapeJob
from scraping.queries import JobRow
from scraping.tally import Tally


def screen() -> tuple[Screen, io.StringIO]:
    said = io.StringIO()
    return Screen(Console(file=said, width=80, highlight=False)), said


def row(runner: str | None, **outcomes: int) -> JobRow:
    job = ScrapeJob(runner=Runner(name=runner) if runner else None, status="completed" if outcomes else "pending")
    return JobRow(job, Tally(Counter(outcomes), 60), seconds=1)


def test_a_step_says_how_it_ended() -> None:
    shown, said = screen()
    with shown.step("Importing") as step:
        step.said = "Imported 60 [products]"
    assert re.fullmatch(r"✓ Imported 60 \[products\] \d\.\d s\n", said.getvalue())


def test_without_a_terminal_jobs_are_shown_once_as_they_ended() -> None:
    shown, said = screen()
    with shown.jobs("Enhancing") as show:
        show([row(None)])
        show([row("office", found=40, not_found=18, network=2)])
    lines = said.getvalue().splitlines()
    assert lines[0].startswith("✓ Enhancing")
    assert [word for word in ("office", "60/60", "40 found", "18 not found", "2 trouble") if word in lines[1]] == [
        "office",
        "60/60",
        "40 found",
        "18 not found",
        "2 trouble",
    ]
    assert len(lines) == 2


def test_a_sentence_stays_on_one_line() -> None:
    shown, said = screen()
    shown.problems(["1: its name is “[red] Scoop”; " + "the answer key says otherwise. " * 5])
    assert said.getvalue().count("\n") == 1
    assert "“[red] Scoop”" in said.getvalue()
