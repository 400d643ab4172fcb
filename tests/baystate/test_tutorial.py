"""The tutorial in docs/add-a-scraper.md, followed to the letter against the demo's coastal shop."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from baystate.demo.sites.server import Server, listen
from runners.agent.fetch import Fetcher
from runners.agent.peers import PrivateHosts
from runners.agent.politeness import Politeness
from runners.agent.wording import sentence
from runners.agent.work import Finding, Site, look_up
from runners.protocol.definition import DefinitionError, parse

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "add-a-scraper.md").read_text(encoding="utf-8")
SMALLEST, FIELDS, LOGIN = re.findall(r"^```json\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
SKU = "004512805320"


def said(sku: str, finding: Finding, site: Site) -> str:
    return sentence(sku, finding, site.definition, 0).removesuffix(", 0 ms")


@pytest.fixture
def coastal() -> Iterator[str]:
    with Server("coastal", listen(9100)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()


@contextmanager
def site(host: str, **changes: Any) -> Iterator[Site]:
    """The tutorial's scraper, mended, for the shop at `host`; it need not wait."""
    document = json.loads(SMALLEST.replace("li..result", "li.result").replace("127.0.0.1:8103", host)) | changes
    definition = parse(document | {"politeness": {"delay_s": 0}})
    fetcher = Fetcher(definition, politeness=Politeness(), private=PrivateHosts("127.0.0.1"))
    try:
        yield Site(definition, fetcher)
    finally:
        fetcher.close()


def test_the_mistake_is_refused_with_the_words_of_the_page() -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(json.loads(SMALLEST))
    assert f"> {refused.value}\n" in TEXT


def test_the_smallest_definition_finds_the_product(coastal: str) -> None:
    with site(coastal) as scraper:
        assert said(SKU, look_up(scraper, SKU), scraper) in TEXT


def test_the_fuller_one_reads_what_the_page_promises(coastal: str) -> None:
    with site(coastal, fields=json.loads(FIELDS)) as scraper:
        finding = look_up(scraper, SKU)
    assert said(SKU, finding, scraper).endswith("9 of 10 fields")
    assert "9 of 10 fields" in TEXT
    assert finding.fields["weight"] == "2 lb"
    assert finding.fields["images"] == [f"http://{coastal}/images/019/large/{number}.svg" for number in (1, 2)]
    assert finding.fields["categories"] == ["Wild Birds", "Nectar"]
    assert finding.fields["price"] == "8.49"


def test_the_other_outcomes_are_those_of_the_table(coastal: str) -> None:
    told = dict(re.findall(r"^\| `(\d{12})` \| `([^`]+)` \|", TEXT, re.MULTILINE))
    assert len(told) == 4
    with site(coastal) as scraper:
        heard = {sku: said(sku, look_up(scraper, sku), scraper) for sku in told}
    assert heard == {sku: f"{sku} {words}" for sku, words in told.items()}


def test_the_login_is_a_part_of_a_definition() -> None:
    document = json.loads(SMALLEST.replace("li..result", "li.result"))
    hosts = {"allowed": ["127.0.0.1:8103", "127.0.0.1:8102"]}
    assert parse(document | {"hosts": hosts, "login": json.loads(LOGIN)}).login
