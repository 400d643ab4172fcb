"""A site's login: its form filled in as a browser would, its session watched, its secrets sent nowhere else."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urljoin

import lxml.html
from lxml import etree

from runners.agent import bench
from runners.agent.evidence import seen
from runners.agent.fetch import Answer, Fetcher
from runners.agent.marks import holds
from runners.agent.page import Page, read
from runners.agent.trouble import Trouble
from runners.agent.voice import log
from runners.protocol.definition import Login as Rules
from runners.protocol.tokens import TokenMissing, Tokens
from runners.protocol.words import Outcome

_REFUSED: Final = frozenset({401, 403})
_CONTROLS: Final = ("input", "select", "textarea")
_NOBODY: Final = Tokens("")


class Login:
    """One scraper's login in one job. `entered` is True between a login that worked and a session that is lost."""

    def __init__(self, rules: Rules, fetcher: Fetcher, secrets: Callable[[], Mapping[str, str]]) -> None:
        """`secrets` returns `username` and `password`; it raises Trouble where there are none."""
        self._rules = rules
        self._fetcher = fetcher
        self._secrets = secrets
        self._seen: set[str] = set()
        self.entered = False

    def enter(self) -> None:
        """Log in. Raises Trouble: `login_failed` on a failure mark, a refusal or the form again."""
        self.entered = False
        self._seen.clear()
        fields = self._fields()
        answer = self._fetcher.repeat(lambda: self._submit(fields))
        with bench.alone:
            self._judge(_page(answer))
        self.entered = True
        log.info("logged in")

    def lost(self, page: Page, step: str) -> bool:
        """Is the session over? The form is there again, or the mark of a login that pages of this step had is gone."""
        if holds(self._rules.logged_in, page, _NOBODY):
            self._seen.add(step)
            return False
        return page.status in _REFUSED or step in self._seen or self.asked_again(page)

    def asked_again(self, page: Page) -> bool:
        """Does this page show the login form instead of what was asked for?"""
        wanted = set(self._rules.form.fields)
        return any(
            wanted <= {control.get("name") for control in form.iter(*_CONTROLS)} for form in page.root.iter("form")
        ) and not holds(self._rules.logged_in, page, _NOBODY)

    def _fields(self) -> dict[str, str]:
        secrets = self._secrets()
        tokens = Tokens("", username=secrets.get("username"), password=secrets.get("password"))
        try:
            return {name: tokens.text(template) for name, template in self._rules.form.fields.items()}
        except TokenMissing as missing:
            raise Trouble(Outcome.LOGIN_FAILED, f"the login needs a {missing.name}, and none is stored") from None

    def _submit(self, fields: Mapping[str, str]) -> Answer:
        """One try, from the form's page on: the tokens hidden in it are good for once."""
        shown = self._fetcher.once("GET", self._rules.form.url)
        with bench.alone:
            action, data = _filled(_page(shown), fields)
        return self._fetcher.once("POST", safe_action(shown.url, action), data)

    def _judge(self, page: Page) -> None:
        failed = self._rules.failed
        if failed and holds(failed, page, _NOBODY):
            raise Trouble(Outcome.LOGIN_FAILED, seen(failed, page, _NOBODY))
        if page.status in _REFUSED:
            raise Trouble(Outcome.LOGIN_FAILED, f"the site answers the login with {page.status}")
        if self.asked_again(page):
            raise Trouble(Outcome.LOGIN_FAILED, "the site shows the login form again")
        if not holds(self._rules.logged_in, page, _NOBODY):
            log.warning("the page after the login carries no mark of it")


def safe_action(page_url: str, action: str) -> str:
    """Where the form goes. Raises Trouble where that would show the password to the network."""
    if page_url.startswith("https:") and not action.startswith("https:"):
        raise Trouble(Outcome.POLICY_DENIED, "the login form would send the password without https")
    return action


def _page(answer: Answer) -> Page:
    return read(answer.body, url=answer.url, status=answer.status, content_type=answer.content_type)


def _filled(page: Page, fields: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Where the form goes, and all it sends: its own values (hidden ones too), ours, its first button."""
    for form in _forms(page):
        controls = {control.get("name") for control in form.iter(*_CONTROLS)}
        if set(fields) <= controls:
            own = [(name, value) for name, value in form.form_values() if name not in fields]
            action = urljoin(page.base_url, (form.get("action") or page.url).strip())
            return action, (*own, *fields.items(), *_button(form))
    names = ", ".join(f"“{name}”" for name in fields)
    raise Trouble(Outcome.LAYOUT_CHANGED, f"the login page has no form with the fields {names}")


def _forms(page: Page) -> list[lxml.html.FormElement]:
    parser = lxml.html.HTMLParser(encoding="utf-8")
    try:
        document = lxml.html.document_fromstring(page.text.encode(), parser=parser)
    except etree.ParserError:
        return []
    return [form for form in document.iter("form") if isinstance(form, lxml.html.FormElement)]


def _button(form: lxml.html.FormElement) -> list[tuple[str, str]]:
    """What Enter presses: some sites read their button's name."""
    buttons = form.xpath(".//button[@name and (not(@type) or @type='submit')] | .//input[@name and @type='submit']")
    return [(buttons[0].get("name"), buttons[0].get("value", ""))] if buttons else []
