"""Which rows of a result list are the product that was asked for."""

from lxml import etree

from runners.agent import addresses, query, visible
from runners.agent.page import Page
from runners.protocol.definition import Pick, Requirement
from runners.protocol.tokens import TokenMissing, Tokens


def choose(page: Page, pick: Pick, tokens: Tokens) -> list[str]:
    """The absolute http(s) links of the rows that satisfy all of `require`, in page order, each once."""
    rows = [row for row in query.css(page.root, pick.rows, tokens) if isinstance(row, etree._Element)]
    links = [_link(row, pick, tokens) for row in rows if _satisfies(row, pick.require, tokens)]
    whole = [addresses.absolute(page.base_url, link) for link in links if link]
    return list(dict.fromkeys(filter(None, whole)))


def _satisfies(row: etree._Element, requirements: tuple[Requirement, ...], tokens: Tokens) -> bool:
    return all(_meets(row, requirement, tokens) for requirement in requirements)


def _meets(row: etree._Element, requirement: Requirement, tokens: Tokens) -> bool:
    try:
        seen = [visible.fold(query.words(found)) for found in query.css(row, requirement.css, tokens)]
        if requirement.equals is not None:
            return visible.fold(tokens.text(requirement.equals)) in seen
        return any(visible.fold(tokens.text(requirement.contains or "")) in words for words in seen)
    except TokenMissing:
        return False


def _link(row: etree._Element, pick: Pick, tokens: Tokens) -> str | None:
    for found in query.css(row, pick.link, tokens):
        link = found if isinstance(found, str) else found.get("href", "")
        if link.strip():
            return link.strip()
    return None
