"""One unit: a SKU looked up on a site, from search to product, and what came of it.

Evidence is weighed in one order: HTTP status, login marks, no-result marks, product marks. A product mark that is
missing is never "not found": only the site can say that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runners.agent import bench
from runners.agent.evidence import lacking, says_status, seen
from runners.agent.extract import extract
from runners.agent.fetch import Fetcher, status_words
from runners.agent.identity import stranger
from runners.agent.login import Login
from runners.agent.marks import holds
from runners.agent.page import Page, read
from runners.agent.pick import choose
from runners.agent.trouble import Trouble
from runners.agent.voice import log
from runners.protocol.definition import Definition, Marks, Pick
from runners.protocol.tokens import TokenMissing, Tokens
from runners.protocol.words import Outcome


@dataclass(frozen=True)
class Finding:
    """How a unit ended: `message` is one sentence, `url` the product's page."""

    outcome: Outcome
    message: str = ""
    url: str | None = None
    fields: dict[str, object] = field(default_factory=dict)
    others: dict[str, list[dict[str, object]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Site:
    """A scraper at work: its definition, its way to the site, its login where it has one."""

    definition: Definition
    fetcher: Fetcher
    login: Login | None = None


def look_up(site: Site, sku: str) -> Finding:
    """Look `sku` up on the site. Every way a site can fail is an outcome; what is raised is our own fault."""
    tokens = Tokens(sku)
    try:
        return _look_up(site, tokens)
    except Trouble as trouble:
        return Finding(trouble.outcome, trouble.sentence)
    except TokenMissing as missing:
        return Finding(Outcome.SKIPPED, f"not asked: this site is searched by {missing.name}, and this SKU is none")


def _look_up(site: Site, tokens: Tokens) -> Finding:
    definition = site.definition
    url = tokens.url(definition.search.url)
    log.info("%s searching", tokens.sku)
    page = _open(site, url, "search")
    with bench.alone:
        found = _absent(definition, page, tokens) or _picked(definition, page, tokens)
    if isinstance(found, Finding):
        return found
    if found is not None:
        page = _open(site, found, "product")
    with bench.alone:
        return _product(definition, page, tokens)


def _open(site: Site, url: str, step: str) -> Page:
    """Fetch a page, logged in where the site wants that; a session that was lost is entered again, once."""
    login = site.login
    if login is None:
        return _granted(site, _fetch(site, url))
    if not login.entered:
        login.enter()
    page = _fetch(site, url)
    if _lost(login, page, step):
        log.info("the session is over; logging in again")
        login.enter()
        page = _fetch(site, url)
        with bench.alone:
            again = login.asked_again(page)
        if again:
            login.entered = False
            raise Trouble(Outcome.LOGIN_FAILED, "the site shows the login form again, right after a login")
    return _granted(site, page)


def _fetch(site: Site, url: str) -> Page:
    answer = site.fetcher.get(url)
    with bench.alone:
        return read(answer.body, url=answer.url, status=answer.status, content_type=answer.content_type)


def _lost(login: Login, page: Page, step: str) -> bool:
    with bench.alone:
        return page.status not in {404, 410} and login.lost(page, step)


def _granted(site: Site, page: Page) -> Page:
    if page.status in {401, 403} and not says_status(site.definition.search.no_result, page.status):
        raise Trouble(Outcome.BLOCKED, f"the site answers {status_words(page.status)}")
    return page


def _absent(definition: Definition, page: Page, tokens: Tokens) -> Finding | None:
    """What a search's answer says when it is neither a result nor a product."""
    no_result = definition.search.no_result
    gone = page.status in {404, 410} and definition.pick is None
    if gone or says_status(no_result, page.status):
        return Finding(Outcome.NOT_FOUND, f"the site answers {status_words(page.status)}", page.url)
    if no_result and holds(no_result, page, tokens):
        return Finding(Outcome.NOT_FOUND, seen(no_result, page, tokens), page.url)
    return None if page.status < 400 else _changed(page, f"the site answers {status_words(page.status)}")


def _picked(definition: Definition, page: Page, tokens: Tokens) -> str | Finding | None:
    """The product's address out of a result list; None where the page is the product's own."""
    pick = definition.pick
    if pick is None:
        return None
    links = choose(page, pick, tokens)
    rows = len(choose(page, pick.model_copy(update={"require": ()}), tokens))
    if len(links) > 1 and pick.on_many == "ambiguous":
        return Finding(Outcome.AMBIGUOUS, f"{len(links)} of {_count(rows)} are what was asked for", page.url)
    if links:
        log.info("%s search returned %s, %s", tokens.sku, _count(rows), _which(pick, len(links)))
        return links[0]
    if rows and _readable(pick, page, tokens):
        return Finding(Outcome.NOT_FOUND, f"none of {_count(rows)} is what was asked for", page.url)
    if _marked(definition, page, tokens):
        return None
    lacks = lacking(Marks(css=pick.rows), tokens) if not rows else "result rows without what tells them apart"
    return _changed(page, _joined(lacks, lacking(definition.search.no_result, tokens)))


def _readable(pick: Pick, page: Page, tokens: Tokens) -> bool:
    """Do the rows say what they are? Where they do not, that none matches is no sign of anything."""
    return all(holds(Marks(css=requirement.css), page, tokens) for requirement in pick.require)


def _marked(definition: Definition, page: Page, tokens: Tokens) -> bool:
    marker = definition.product.marker
    return marker is not None and holds(marker, page, tokens)


def _product(definition: Definition, page: Page, tokens: Tokens) -> Finding:
    no_result, marker = definition.search.no_result, definition.product.marker
    if page.status in {404, 410}:
        return Finding(Outcome.NOT_FOUND, f"the site answers {status_words(page.status)}", page.url)
    if page.status >= 400:
        return _changed(page, f"the site answers {status_words(page.status)}")
    if marker and not holds(marker, page, tokens):
        if no_result and holds(no_result, page, tokens):
            return Finding(Outcome.NOT_FOUND, seen(no_result, page, tokens), page.url)
        return _changed(page, _joined(lacking(marker, tokens), lacking(no_result, tokens)))
    return _read(definition, page, tokens)


def _read(definition: Definition, page: Page, tokens: Tokens) -> Finding:
    extraction = extract(page, definition, tokens)
    fields, others = extraction.fields, extraction.others
    if extraction.missing or not _told(definition, fields):
        lacks = ", ".join(f"no {name}" for name in extraction.missing) or "none of the fields"
        return Finding(Outcome.LAYOUT_CHANGED, lacks, page.url, fields, others)
    other = stranger(fields, tokens)
    if other:
        return Finding(Outcome.AMBIGUOUS, f"the page is about {other}", page.url, fields, others)
    return Finding(Outcome.FOUND, "", page.url, fields, others)


def _told(definition: Definition, fields: Mapping[str, object]) -> bool:
    """Did the page itself say anything? What the definition says of every page is no evidence."""
    constant = {name for name, rule in definition.fields.items() if {entry.kind for entry in rule.from_} == {"const"}}
    return any(name not in constant for name in fields)


def _changed(page: Page, lacks: str) -> Finding:
    return Finding(Outcome.LAYOUT_CHANGED, lacks, page.url)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"


def _which(pick: Pick, matching: int) -> str:
    if not pick.require:
        return "taken as it is" if matching == 1 else "the first is taken"
    return "1 matches" if matching == 1 else f"{matching} match, the first is taken"
