"""Two people at one product at the same moment; these tests commit."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from pipeline import desk, review
from pipeline.consolidation import consolidate
from pipeline.desk import Change
from pipeline.models import Product, ProductEvent
from scraping.doors import transact
from tests import make

SECONDS = 20
ACME = {"name": "Gold Chicken", "brand": "Fromm", "images": ["https://a.test/1.jpg"]}


def together(*acts: Callable[[], Any]) -> list[Any]:
    """What each act gives, all started at once, each in a thread and a transaction of its own."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            start.wait(SECONDS)
            with transact():
                return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return [answer.result(SECONDS) for answer in [threads.submit(run, act) for act in acts]]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_one_field_at_once_one_is_refused_and_two_who_approve_count_once() -> None:
    maria, joe = make.staff(name="maria"), make.staff(name="joe")
    product = make.product(sources={"acme": ACME})
    with transact():
        consolidate.consolidate(product.pk)
    product.refresh_from_db()
    seen = desk.stamp(product, "name")
    mine = [
        partial(review.save, product.pk, changes=[Change("name", by.username, seen=seen)], by=by) for by in (maria, joe)
    ]
    saved = together(*mine)
    assert sorted(len(answer.refused) for answer in saved) == [0, 1]
    together(*(partial(review.approve, product.pk, by=by) for by in (maria, joe)))
    assert ProductEvent.objects.filter(product=product, field="stage", new="approved").count() == 1
    assert Product.objects.get(pk=product.pk).stage == "approved"
