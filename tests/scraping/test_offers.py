"""What a runner is given to read."""

from typing import Any

import pytest

from runners.protocol.messages import JobOffer, LogLine, ScraperOffer
from scraping import journal, offers, scrapers
from scraping.models import ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db

DEFINITION: dict[str, Any] = {
    "politeness": {"delay_s": 2},
    "login": {"form": {}},
    "fields": {
        "name": {"from": [{"ld": "name"}, {"css": "h1.product"}]},
        "images": {"many": True, "from": [{"css": "img", "attr": "src"}]},
        "gtin": {"from": [{"label": "UPC"}]},
    },
    "tests": [{"sku": "1", "expect": {}}, {"sku": "zzz", "expect_outcome": "not_found"}],
}


def offer_of(**definition: Any) -> tuple[JobOffer, ScraperOffer]:
    make.scraper("acme", display_name="Acme Pet", definition=definition)
    offer = offers.offer(make.running_job(make.runner(), skus=["1"], context={"1": {"name": "GLD", "price": None}}))
    return offer, offer.scrapers[0]


def test_a_job_says_what_to_scrape_and_for_how_long_it_is_lent() -> None:
    offer, _ = offer_of()
    assert (offer.skus, offer.test_mode, offer.max_workers, offer.done) == (["1"], False, 3, [])
    assert (offer.lease_seconds, offer.heartbeat_seconds, offer.acknowledge_seconds) == (45, 10, 15)
    assert offer.context == {"1": {"name": "GLD", "price": None}}


def test_the_flat_keys_say_of_a_definition_what_they_can() -> None:
    _, scraper = offer_of(**DEFINITION)
    assert (scraper.name, scraper.display_name, scraper.disabled) == ("acme", "Acme Pet", False)
    assert scraper.base_url == "https://www.acme.test"
    assert scraper.search_url_template == "https://www.acme.test/search?q={sku}"
    assert scraper.selectors == [
        {"name": "name", "selector": "h1.product", "attribute": None, "multiple": False},
        {"name": "images", "selector": "img", "attribute": "src", "multiple": True},
    ]
    assert scraper.options == {"delay_s": 2, "engine": "http", "requires_login": True}
    assert scraper.test_skus == ["1"]


def test_a_definition_without_search_gets_its_first_host_as_base() -> None:
    _, scraper = offer_of(search=None)
    assert (scraper.base_url, scraper.search_url_template) == ("https://www.acme.test", "")


def test_the_definition_is_the_one_that_was_pinned() -> None:
    scraper = make.scraper("acme")
    job = make.running_job(make.runner())
    scrapers.save_version(scraper, make.definition_document(schema_version=1, engine="http"), by=None)
    offered = offers.offer(job).scrapers[0]
    assert (offered.version, offered.definition) == (1, make.definition_document())


def test_a_successor_learns_which_units_are_done() -> None:
    make.scraper("acme")
    make.scraper("bradley")
    runner = make.runner()
    root = make.running_job(runner, skus=["a", "b"], scrapers=["acme", "bradley"])
    make.result(root, sku="b", scraper="acme")
    held = {"skus": ["b"], "scrapers": ["acme", "bradley"], "root": root, "retry_of": root, "done": 1}
    successor: ScrapeJob = make.running_job(runner, **held)
    assert offers.offer(successor).done == [("b", "acme")]


def test_a_runner_that_comes_back_is_told_the_last_line_stored() -> None:
    acme = make.scraper()
    job = make.running_job(make.runner(), scrapers=[acme.slug])
    assert offers.offer(job).logged is None
    journal.append(job, [LogLine(message="one", seq=1), LogLine(message="dropped", seq=2, through=7)])
    assert offers.offer(job).logged == 7
