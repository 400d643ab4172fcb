"""Marks in words: what a page shows, and what it lacks."""

from runners.agent.fetch import status_words
from runners.agent.marks import holds
from runners.agent.page import Page
from runners.protocol.definition import Mark, Marks
from runners.protocol.tokens import TokenMissing, Tokens


def seen(marks: Marks, page: Page, tokens: Tokens) -> str:
    """Which of the marks a page carries, as a sentence about the site: `the site says “0 results”`."""
    for mark in (*marks.either, *marks.each):
        if holds(Marks(any=(mark,)), page, tokens):
            return _sentence(mark, page, tokens)
    return "the page carries its marks"


def lacking(marks: Marks | None, tokens: Tokens) -> str:
    """What was looked for in vain: `no “h1.product”, no “.empty”`. Empty where there are no marks."""
    if marks is None:
        return ""
    names = [_name(mark, tokens) for mark in (*marks.either, *marks.each) if mark.status is None]
    return ", ".join(f"no “{name}”" for name in names)


def says_status(marks: Marks | None, status: int) -> bool:
    """Do the marks name this HTTP status as their sign?"""
    return marks is not None and any(status in (mark.status or ()) for mark in marks.either)


def _sentence(mark: Mark, page: Page, tokens: Tokens) -> str:
    if mark.status is not None:
        return f"the site answers {status_words(page.status)}"
    verb = "says" if mark.text is not None else "shows"
    return f"the site {verb} “{_name(mark, tokens)}”"


def _name(mark: Mark, tokens: Tokens) -> str:
    try:
        return tokens.text(mark.text or mark.css or "")
    except TokenMissing:
        return mark.text or mark.css or ""
