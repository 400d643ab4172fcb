"""Which value wins, and why."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.consolidation import rules
from pipeline.consolidation.rules import Decision
from runners.protocol.fields import Field

TRUST = {"acme": 80, "bradley": 50, "coastal": 50, "delta": 90}
Sources = dict[str, dict[str, Any]]

VALUES = st.sampled_from(
    ["30 lb", "30LBS", "480 oz", "15 lb", "072705115310", "0072705115310", "072705115311", "Fromm", "FROMM Inc.",
     "<b>Fromm</b>", "https://a.test/1.jpg", "", 30, None, ["https://a.test/1.jpg", "https://b.test/2.jpg"],
     {"Flavor": "Chicken"}, {"flavor": "Beef", "Age": 3}]
)  # fmt: skip
SOURCES = st.dictionaries(
    st.sampled_from([*TRUST, "unknown"]), st.dictionaries(st.sampled_from([field.value for field in Field]), VALUES)
)


def one(field: str, **said: object) -> Decision:
    """The decision on one field when each scraper says what is given."""
    sources = {slug: {field: value} for slug, value in said.items()}
    return rules.golden_record(sources, trust=TRUST, register_name="TILL NAME")[field]


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same mapping with its names in another order, all the way down."""
    if not isinstance(value, dict):
        return value
    names = list(value)
    chance.shuffle(names)
    return {name: shuffled(value[name], chance) for name in names}


def as_bytes(sources: Sources, trust: dict[str, int]) -> bytes:
    record = rules.golden_record(sources, trust=trust, register_name="TILL NAME")
    return json.dumps({field: decision.entry() for field, decision in record.items()}).encode()


@given(sources=SOURCES, chance=st.randoms(use_true_random=False))
def test_the_same_inputs_in_any_order_give_the_same_bytes(sources: Sources, chance: random.Random) -> None:
    assert as_bytes(shuffled(sources, chance), shuffled(TRUST, chance)) == as_bytes(sources, TRUST)


@given(sources=SOURCES)
def test_every_winner_was_said_by_its_source(sources: Sources) -> None:
    record = rules.golden_record(sources, trust=TRUST, register_name="TILL NAME")
    for field, decision in record.items():
        assert decision.source == rules.SPREADSHEET or field in sources[decision.source]
        assert decision.value
        assert decision.reason


@given(sources=SOURCES)
def test_settling_twice_changes_nothing(sources: Sources) -> None:
    decisions = rules.golden_record(sources, trust=TRUST, register_name="TILL NAME")
    once = rules.settle(decisions, {}, at="2026-01-01")
    assert rules.settle(decisions, once, at="2026-01-02") == once


def test_the_value_most_sources_give_wins_over_trust() -> None:
    decision = one("weight", acme="15 lb", bradley="30 lb", coastal="480 oz")
    assert (decision.value, decision.source, decision.conflict) == ("30 lb", "bradley", True)


def test_a_tie_goes_to_the_more_trusted_source() -> None:
    decision = one("brand", bradley="Natural", delta="Zeal")
    assert (decision.value, decision.source) == ("Zeal", "delta")


def test_a_tie_of_equal_trust_goes_to_the_first_slug() -> None:
    decision = one("brand", coastal="Acana", bradley="Zeal")
    assert (decision.value, decision.source) == ("Zeal", "bradley")


def test_the_winner_is_written_as_its_most_trusted_source_writes_it() -> None:
    decision = one("brand", bradley="FROMM INC.", delta="Fromm", coastal="fromm")
    assert (decision.value, decision.source, decision.conflict) == ("Fromm", "delta", False)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"acme": "30 lb"}, "only acme gives one"),
        ({"acme": "30", "bradley": "30 lb"}, "only bradley gives one that counts"),
        ({"acme": "30 lb", "bradley": "480 oz"}, "acme and bradley agree"),
        ({"acme": "30 lb", "bradley": "30 lb", "coastal": "15 lb"}, "acme and bradley agree; coastal says 15 lb"),
        ({"acme": "30 lb", "bradley": "30 lb", "coastal": "x" * 60}, "2 of 3 sources agree"),
        ({"acme": "30 lb", "bradley": "30 lb", "coastal": "30lb"}, "3 of 3 sources agree"),
        ({"acme": "30 lb", "bradley": "30 lb", "coastal": "30lb", "delta": "9 oz"}, "3 of 4 sources agree"),
        ({"acme": "30 lb", "bradley": "15 lb"}, "acme and bradley disagree; acme is trusted more"),
        (
            {"bradley": "30 lb", "coastal": "15 lb"},
            "bradley and coastal disagree and are trusted alike; bradley comes first",
        ),
        ({"acme": "1 lb", "bradley": "2 lb", "coastal": "3 lb"}, "3 sources disagree; acme is trusted most"),
    ],
)  # fmt: skip
def test_the_reason_is_one_sentence(said: dict[str, object], reason: str) -> None:
    assert one("weight", **said).reason == reason


def test_the_till_name_is_the_name_only_if_nobody_else_gives_one() -> None:
    assert one("name", acme="Gold Chicken").value == "Gold Chicken"
    nobody = rules.golden_record({"acme": {"name": " "}}, trust=TRUST, register_name="TILL NAME")["name"]
    assert (nobody.value, nobody.source) == ("TILL NAME", "spreadsheet")


def test_a_gtin_with_a_wrong_check_digit_never_wins() -> None:
    decision = one("gtin", acme="072705115311", bradley="072705115311", coastal="072705115310")
    assert (decision.value, decision.source, decision.conflict) == ("072705115310", "coastal", False)
    assert "gtin" not in rules.golden_record({"acme": {"gtin": "072705115311"}}, trust={}, register_name="X")


def test_no_price_and_no_sku_comes_from_a_scrape() -> None:
    record = rules.golden_record({"acme": {"sku": "1", "price": "9.99", "name": "x"}}, trust=TRUST, register_name="X")
    assert set(record) == {"name"}


def test_pictures_are_joined_by_trust_each_with_its_source() -> None:
    decision = one(
        "images",
        bradley=["https://b.test/1.jpg", "https://shared.test/0.jpg"],
        acme=["https://shared.test/0.jpg", "https://a.test/1.jpg"],
    )
    assert decision.value == ["https://shared.test/0.jpg", "https://a.test/1.jpg", "https://b.test/1.jpg"]
    assert decision.origins == ("acme", "acme", "bradley")
    assert (decision.source, decision.reason) == ("acme", "2 from acme, 1 from bradley")


def test_attributes_are_joined_by_name() -> None:
    decision = one("attributes", bradley={"FLAVOR": "Beef", "Age": "Adult"}, acme={"Flavor": "Chicken"})
    assert (decision.value, decision.conflict) == ({"Flavor": "Chicken", "Age": "Adult"}, False)


def test_different_wordings_of_prose_are_no_conflict() -> None:
    assert not one("description", acme="Good food.", bradley="Fine fare.").conflict


def test_a_locked_field_survives_and_an_unchanged_one_keeps_its_time() -> None:
    locked = {"value": "Mine", "source": "staff", "reason": "typed", "locked_by": "maria", "at": "1"}
    before = {
        "name": locked,
        "brand": one("brand", acme="Fromm").entry() | {"at": "1"},
        "size": {"value": "L", "at": "1"},
    }
    decisions = {"name": one("name", acme="x"), "brand": one("brand", acme="Fromm"), "mpn": one("mpn", acme="7")}
    after = rules.settle(decisions, before, at="2")
    assert after["name"] == locked
    assert (after["brand"]["at"], after["mpn"]["at"]) == ("1", "2")
    assert "size" not in after
