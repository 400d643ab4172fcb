"""Dealing SKUs to jobs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraping.split import deal


def test_it_deals_ten_over_three_as_four_three_three() -> None:
    assert deal(list("abcdefghij"), hands=3) == [list("adgj"), list("beh"), list("cfi")]


def test_it_makes_no_more_hands_than_there_are_skus() -> None:
    assert deal(["a", "b"], hands=3) == [["a"], ["b"]]


def test_it_deals_nothing_out_of_nothing() -> None:
    assert deal([], hands=3) == []


def test_it_refuses_to_deal_to_nobody() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        deal(["a"], hands=0)


@given(st.lists(st.text(), unique=True), st.integers(1, 50))
def test_it_deals_every_sku_once_in_turn(skus: list[str], hands: int) -> None:
    dealt = deal(skus, hands=hands)
    assert len(dealt) == min(hands, len(skus))
    assert all(dealt)
    assert [sku for turn in range(len(skus)) for hand in dealt for sku in hand[turn : turn + 1]] == skus
