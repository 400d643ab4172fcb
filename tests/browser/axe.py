"""Asks axe-core what keeps people with disabilities from using the page that a browser shows."""

from pathlib import Path
from typing import Any, Final

from selenium import webdriver

from tests.browser import chrome

SCRIPT: Final = Path(__file__).parent / "vendor" / "axe.min.js"
SERIOUS: Final = {"serious", "critical"}
_RUN: Final = """
const done = arguments[arguments.length - 1];
const wanted = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"] };
axe.run(document, wanted).then(({ violations }) => done({ violations }), (error) => done({ error: `${error}` }));
"""


def serious(window: webdriver.Chrome) -> list[str]:
    """What is serious or worse on the page as it is shown now: rule, element, what to do; empty where all is well."""
    window.set_script_timeout(60)
    window.execute_script(SCRIPT.read_text("utf-8"))
    answer: dict[str, Any] = window.execute_async_script(_RUN)
    assert "error" not in answer, answer["error"]
    return [
        f"{rule['id']}: {node['html'][:300]}\n{node['failureSummary']}"
        for rule in answer["violations"]
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def serious_in_both_schemes(window: webdriver.Chrome) -> list[str]:
    """`serious` in light and in dark, each line beginning with the scheme."""
    found = []
    for name in ("light", "dark"):
        chrome.scheme(window, name)
        found += [f"{name}: {line}" for line in serious(window)]
    chrome.scheme(window, "light")
    return found
