"""Reading results, in either form."""

from datetime import UTC, datetime
from typing import Any

import pytest

from runners.protocol.messages import CallbackResults
from runners.protocol.words import Outcome
from scraping import units
from scraping.units import Repeat, Unit


def flat(**values: Any) -> Unit:
    """The unit a plain client describes with `values`."""
    results = CallbackResults.model_validate({"skus_processed": 1, "data": {"1": {"acme": values}}})
    return units.read(results)[0]


def item(**values: Any) -> Unit:
    sent = {"sku": "1", "scraper": "acme", "outcome": "found", **values}
    return units.read(CallbackResults.model_validate({"items": [sent]}))[0]


class TestReading:
    def test_a_flat_unit_folds_to_our_fields(self) -> None:
        unit = flat(
            title="Gold Fish",
            price=3.99,
            image_url="https://a/1.jpg",
            uom="EA",
            ratings=4.5,
            url="https://a/p",
            scraped_at="2026-11-22T04:15:30",
        )
        assert unit.fields == {
            "name": "Gold Fish",
            "price": 3.99,
            "images": ["https://a/1.jpg"],
            "unit_of_measure": "EA",
        }
        assert (unit.raw, unit.url) == ({"ratings": 4.5}, "https://a/p")
        assert unit.scraped_at == datetime(2026, 11, 22, 4, 15, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("values", "outcome"),
        [
            ({"title": "x"}, Outcome.FOUND),
            ({"brand": "x"}, Outcome.FOUND),
            ({"weight": 2}, Outcome.FOUND),
            ({"price": 2}, Outcome.NOT_FOUND),
            ({"title": "  ", "brand": None, "weight": []}, Outcome.NOT_FOUND),
            ({}, Outcome.NOT_FOUND),
        ],
    )
    def test_a_flat_unit_with_a_name_brand_or_weight_was_found(self, values: dict[str, Any], outcome: Outcome) -> None:
        assert flat(**values).ended == outcome

    def test_a_unit_that_is_null_was_not_found(self) -> None:
        results = CallbackResults.model_validate({"data": {"1": {"acme": None}}})
        assert units.read(results)[0].ended == Outcome.NOT_FOUND

    def test_of_a_list_where_one_is_wanted_the_first_is_kept_and_the_rest_raw(self) -> None:
        unit = flat(title=["A", "B"], brand=["only"])
        assert unit.fields == {"name": "A", "brand": "only"}
        assert unit.raw == {"title": ["A", "B"]}

    def test_our_own_name_wins_over_another_spelling(self) -> None:
        unit = flat(image_url="https://a/1", images=["https://a/1", "https://a/2"])
        assert unit.fields == {"images": ["https://a/1", "https://a/2"]}
        assert unit.raw == {"image_url": "https://a/1"}

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "//a/b", 7])
    def test_an_address_that_is_not_of_the_web_is_kept_raw_only(self, url: object) -> None:
        unit = flat(title="x", url=url)
        assert (unit.url, unit.raw) == ("", {"url": url})
        assert item(url=str(url)).url == ""

    def test_an_item_says_its_outcome_itself(self) -> None:
        unit = item(
            outcome="blocked", fields={"title": "x"}, others={"name": ["y"]}, milliseconds=12, message="captcha"
        )
        assert (unit.ended, unit.fields, unit.raw) == (Outcome.BLOCKED, {"name": "x"}, {"others": {"name": ["y"]}})
        assert (unit.milliseconds, unit.message) == (12, "captcha")

    @pytest.mark.parametrize("moment", ["soon", 5, "0001-01-01T00:00:00+14:00"])
    def test_a_time_that_cannot_be_read_costs_the_time_only(self, moment: object) -> None:
        assert flat(title="x", scraped_at=moment).scraped_at is None
        assert item(scraped_at="soon").scraped_at is None

    def test_no_results_are_no_units(self) -> None:
        assert units.read(None) == []


class TestRepeats:
    STORED = {"name": "A", "price": 1}

    @pytest.mark.parametrize(
        ("values", "relation"),
        [
            ({"name": "A", "price": 1}, Repeat.EQUAL),
            ({"price": 1}, Repeat.EQUAL),
            ({"name": "A", "brand": "B"}, Repeat.FULLER),
            ({"name": "Z"}, Repeat.CONTRADICTS),
            ({"name": "Z", "brand": "B"}, Repeat.CONTRADICTS),
        ],
    )
    def test_a_repeat_is_equal_fuller_or_contradicts(self, values: dict[str, Any], relation: Repeat) -> None:
        assert units.repeat(outcome="found", values=self.STORED, unit=flat(**values)) == relation
        assert units.repeat(outcome="found", values=self.STORED, unit=item(fields=values)) == relation

    def test_an_empty_flat_unit_says_that_nothing_was_found(self) -> None:
        assert units.repeat(outcome="found", values=self.STORED, unit=flat()) == Repeat.CONTRADICTS
        assert units.repeat(outcome="not_found", values={}, unit=flat()) == Repeat.EQUAL
        assert units.repeat(outcome="found", values=self.STORED, unit=item(fields={})) == Repeat.EQUAL

    def test_another_outcome_contradicts(self) -> None:
        blocked = item(outcome="blocked")
        assert units.repeat(outcome="found", values=self.STORED, unit=blocked) == Repeat.CONTRADICTS

    def test_a_flat_unit_says_no_outcome_so_it_may_fill_an_empty_one(self) -> None:
        assert units.repeat(outcome="not_found", values={}, unit=flat(title="A")) == Repeat.FULLER
        assert units.repeat(outcome="blocked", values={}, unit=flat(title="A")) == Repeat.CONTRADICTS
