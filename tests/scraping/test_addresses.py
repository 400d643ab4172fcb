"""Addresses as the resolver gives them."""

from uuid import uuid4

import pytest
from django.urls import reverse, set_script_prefix

from scraping import addresses


@pytest.mark.parametrize("name", ["scraping_scrapejob_retry", "scraping_scraper_switch", "scraping_scraper_change"])
@pytest.mark.parametrize("prefix", ["/", "/shop/"])
def test_a_page_has_the_resolvers_address(name: str, prefix: str) -> None:
    key = uuid4()
    set_script_prefix(prefix)
    try:
        assert addresses.page(name, key) == reverse(f"admin:{name}", args=[key])
        assert addresses.page(name, key).startswith(prefix)
    finally:
        set_script_prefix("/")
