"""Who waits for review."""

import pytest

from pipeline import waiting
from tests import make

pytestmark = pytest.mark.django_db


def test_the_queue_is_in_order_of_arrival_and_knows_its_neighbours() -> None:
    first, second, third = (make.product(sku, stage="consolidated") for sku in "CAB")
    make.product("D")
    queue = waiting.around(second)
    assert [one.sku for one in queue.shown] == ["C", "A", "B"]
    assert (queue.position, queue.total, queue.previous, queue.next) == (2, 3, first.pk, third.pk)


def test_after_the_last_comes_the_first_until_nobody_waits() -> None:
    first = make.product("A", stage="consolidated")
    last = make.product("B", stage="approved")
    assert waiting.after(last.arrival) == waiting.first() == first.pk
    type(first).objects.filter(pk=first.pk).update(stage="approved")
    assert waiting.after(last.arrival) is waiting.first() is None


def test_a_product_that_does_not_wait_is_not_in_the_queue() -> None:
    make.product("A", stage="consolidated")
    queue = waiting.around(make.product("B", stage="approved"))
    assert (queue.position, [one.sku for one in queue.shown]) == (None, ["A"])


def test_a_row_counts_conflicts_and_needs() -> None:
    record = {"weight": {"value": "1 lb", "source": "acme", "conflict": True}}
    product = make.product(stage="consolidated", consolidated=record)
    (row,) = waiting.around(product).shown
    assert (row.conflicts, row.needs, row.name) == (1, 4, product.register_name)
