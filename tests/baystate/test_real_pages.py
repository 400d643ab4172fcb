"""The whole path over the pages of real shops that BAYSTATE_PAGES names: sheet, enhance, runner, results."""

import pytest
from pytest_django.live_server_helper import LiveServer

from scraping.models import ScrapeResult
from tests import real_pages

LEAST = {"price": 0.75, "sku": 0.68, "availability": 0.65}


@pytest.mark.django_db(transaction=True)
def test_structured_data_alone_reads_most_of_real_pages(live_server: LiveServer) -> None:
    pages = real_pages.load()
    fields = real_pages.read_all(pages, live_server.url)
    assert set(ScrapeResult.objects.values_list("outcome", flat=True)) <= {"found", "ambiguous", "layout_changed"}
    scores = {score.field: score for score in real_pages.score(pages, fields)}
    assert {name: str(scores[name]) for name, least in LEAST.items() if scores[name].f1 < least} == {}
