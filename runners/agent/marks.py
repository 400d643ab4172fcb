"""Does a page carry these marks?"""

from runners.agent import query, visible
from runners.agent.page import Page
from runners.protocol.definition import Mark, Marks
from runners.protocol.tokens import TokenMissing, Tokens


def holds(marks: Marks, page: Page, tokens: Tokens) -> bool:
    """True when one of `any` and each of `all` is on the page; a mark whose token has no value is not."""
    some = not marks.either or any(_holds(mark, page, tokens) for mark in marks.either)
    return some and all(_holds(mark, page, tokens) for mark in marks.each)


def _holds(mark: Mark, page: Page, tokens: Tokens) -> bool:
    try:
        if mark.css is not None:
            return bool(query.css(page.root, mark.css, tokens))
        if mark.text is not None:
            return visible.fold(tokens.text(mark.text)) in page.words
    except TokenMissing:
        return False
    return page.status in (mark.status or ())
