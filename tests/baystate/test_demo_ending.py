"""How the demo counts what came of its products."""

from baystate.demo import ending
from baystate.demo.answers import Ending
from baystate.demo.ending import Tally


def product(*outcomes: str) -> Ending:
    return Ending(outcomes=dict(zip("abc", outcomes, strict=False)), stage="imported", price="")


def test_found_anywhere_is_enhanced() -> None:
    assert ending.tally([product("network", "not_found", "found")]) == Tally(enhanced=1, not_found=0, failed=0)


def test_trouble_everywhere_is_failed() -> None:
    assert ending.tally([product("network", "layout_changed", "ambiguous")]) == Tally(0, 0, 1)


def test_one_honest_no_is_not_found() -> None:
    assert ending.tally([product("network", "not_found", "ambiguous")]) == Tally(0, 1, 0)


def test_the_closing_line_says_it_all() -> None:
    figures = {"imported": 60, "jobs": 3, "approved": 44, "exported": 44}
    assert ending.closing_line(figures, Tally(53, 6, 1), seconds=31.4) == (
        "demo: 60 imported, 3 jobs, 53 enhanced, 6 not found, 1 failed, 44 approved, 44 exported in 31 s"
    )
