"""One scraper's share of a job: its SKUs in order, each finished unit handed on as it comes."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from runners.agent import voice
from runners.agent.answers import Away, Refused, ServerSaid
from runners.agent.client import Client, until_answered
from runners.agent.fetch import Fetcher
from runners.agent.held import Held
from runners.agent.login import Login
from runners.agent.peers import PrivateHosts
from runners.agent.politeness import Politeness
from runners.agent.redact import Redactor
from runners.agent.spool import Spool
from runners.agent.trouble import Trouble
from runners.agent.voice import log
from runners.agent.wording import level, sentence
from runners.agent.work import Finding, Site, look_up
from runners.protocol import step
from runners.protocol.definition import SCHEMA_VERSION, Definition, DefinitionError, parse
from runners.protocol.messages import ScraperOffer, UnitItem
from runners.protocol.words import Outcome

# A site that says no twice running says it to every SKU: asking on would be hammering.
_ENOUGH: Final = 2
_FINAL: Final = {
    Outcome.LOGIN_FAILED: "the login failed twice in a row",
    Outcome.BLOCKED: "the site refused twice in a row",
}


@dataclass(frozen=True)
class Tools:
    """What all scrapers of a process share."""

    client: Client
    redactor: Redactor
    private: PrivateHosts
    politeness: Politeness
    spool: Spool


@dataclass(frozen=True)
class Share:
    """What one scraper is to do in a job, and where its finished units go."""

    held: Held
    scraper: ScraperOffer
    tools: Tools
    put: Callable[[UnitItem], None]

    @property
    def skus(self) -> list[str]:
        """The SKUs that are still open, in the job's order."""
        done = set(self.held.offer.done)
        return [sku for sku in self.held.offer.skus if (sku, self.scraper.name) not in done]

    def hand_on(self, item: UnitItem) -> None:
        self.put(item)
        self.held.count(item.outcome)

    def pass_over(self, skus: list[str], finding: Finding) -> None:
        """End units that were not tried, each with the same finding."""
        if skus:
            log.warning("passed over, %s of its SKUs: %s", len(skus), finding.message)
        for sku in skus:
            self.hand_on(_item(sku, self, finding, 0))


def scrape(share: Share) -> None:
    """Look up every SKU that is still open; return early once the job is halted."""
    with voice.about(scraper=share.scraper.name):
        try:
            definition = _definition(share.scraper)
        except DefinitionError as error:
            log.error("this runner cannot read version %s of the definition: %s", share.scraper.version, error)
            share.pass_over(share.skus, Finding(Outcome.RUNNER_ERROR, "this runner cannot read the definition"))
            return
        if share.scraper.disabled:
            share.pass_over(share.skus, Finding(Outcome.SKIPPED, "the scraper is paused"))
            return
        fetcher = Fetcher(definition, politeness=share.tools.politeness, private=share.tools.private)
        try:
            _each(share, _site(share, definition, fetcher))
        finally:
            fetcher.close()


def _definition(scraper: ScraperOffer) -> Definition:
    document = scraper.definition or {}
    version = document.get("schema_version")
    return parse(document, strict=not (isinstance(version, int) and version > SCHEMA_VERSION))


def _site(share: Share, definition: Definition, fetcher: Fetcher) -> Site:
    login = Login(definition.login, fetcher, lambda: _secrets(share, definition)) if definition.login else None
    return Site(definition, fetcher, login)


def _each(share: Share, site: Site) -> None:
    skus = share.skus
    last, times = None, 0
    for number, sku in enumerate(skus, start=1):
        if share.held.halted.is_set():
            return
        share.held.step = step.write(scraper=share.scraper.name, sku=sku)
        with voice.about(sku=sku):
            item = _unit(sku, share, site)
        if item is None:
            return
        share.hand_on(item)
        times = times + 1 if item.outcome is last else 1
        last = item.outcome
        if last in _FINAL and times >= _ENOUGH:
            share.pass_over(skus[number:], Finding(Outcome.SKIPPED, f"not asked: {_FINAL[last]}"))
            return


def _unit(sku: str, share: Share, site: Site) -> UnitItem | None:
    """One unit from beginning to end; None where it was given up because the job was halted."""
    began = time.monotonic()
    try:
        finding = look_up(site, sku)
    except ServerSaid as said:
        if not isinstance(said, Away):
            share.held.end(said)
        log.info("%s given up: %s", sku, said)
        return None
    except Exception:  # noqa: BLE001 - the unit's rim: a poison page must not end the job
        log.exception("%s ends by our own fault", sku)
        finding = Finding(Outcome.RUNNER_ERROR, "this runner failed; its log says where")
    milliseconds = int((time.monotonic() - began) * 1000)
    log.log(level(finding.outcome), "%s", sentence(sku, finding, site.definition, milliseconds))
    return _item(sku, share, finding, milliseconds)


def _item(sku: str, share: Share, finding: Finding, milliseconds: int) -> UnitItem:
    hide = share.tools.redactor
    return UnitItem(
        sku=sku,
        scraper=share.scraper.name,
        outcome=finding.outcome,
        fields=hide.json(finding.fields),
        others=hide.json(finding.others),
        url=hide.text(finding.url) if finding.url else None,
        milliseconds=milliseconds,
        scraped_at=datetime.now(UTC),
        message=hide.text(finding.message),
    )


def _secrets(share: Share, definition: Definition) -> Mapping[str, str]:
    """The scraper's secrets, from now on hidden in every word. Raises Trouble where the server gives none."""
    try:
        secrets = until_answered(lambda: share.tools.client.credentials(share.scraper.name), pause=share.held.pause)
    except Refused as refused:
        raise Trouble(Outcome.LOGIN_FAILED, f"the server gives no login: {refused}") from refused
    share.tools.redactor.learn(_hidden(secrets, definition))
    return secrets


def _hidden(secrets: Mapping[str, str], definition: Definition) -> list[str]:
    """All of them, but for a user name that the definition itself spells: hiding it would break its addresses."""
    spelled = json.dumps(definition.model_dump(mode="json", by_alias=True), ensure_ascii=False)
    return [value for name, value in secrets.items() if name != "username" or value not in spelled]
