"""Two transactions on one product at the same moment; these tests commit."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic

import pytest
from django.db import connection, transaction

from pipeline.models import Product, ProductEvent
from scraping.models import ScrapeJob
from scraping.signals import results_recorded
from tests import make

SECONDS = 10


@pytest.mark.django_db(transaction=True)
def test_two_jobs_finishing_the_same_sku_lose_nothing() -> None:
    make.product("A")
    first, second = make.job(skus=["A"]), make.job(skus=["A"], scrapers=["bradley"])
    recorded = Event()
    with ThreadPoolExecutor() as threads:
        ahead = threads.submit(_record, first, "acme", recorded, until_somebody_waits=True)
        assert recorded.wait(SECONDS)
        behind = threads.submit(_record, second, "bradley", Event())
        ahead.result(SECONDS)
        behind.result(SECONDS)
    product = Product.objects.get(sku="A")
    assert {slug: said["name"] for slug, said in product.sources.items()} == {"acme": "acme", "bradley": "bradley"}
    assert (product.stage, product.version) == ("enhanced", 2)
    assert ProductEvent.objects.filter(product=product, field="stage").count() == 1


def _record(job: ScrapeJob, slug: str, recorded: Event, *, until_somebody_waits: bool = False) -> None:
    """Store and announce a result, and commit: once another transaction waits for this one, if it shall."""
    try:
        with transaction.atomic():
            results_recorded.send(sender=None, results=[make.result(job, scraper=slug, fields={"name": slug})])
            recorded.set()
            give_up = monotonic() + SECONDS
            while until_somebody_waits and not _somebody_waits() and monotonic() < give_up:
                pass
    finally:
        connection.close()


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
