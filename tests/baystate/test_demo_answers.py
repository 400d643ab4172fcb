"""The demo's answer key: read, and held against what happened."""

from dataclasses import replace
from decimal import Decimal

from baystate.demo import answers
from baystate.demo.answers import Ending

FOUND = Ending(
    outcomes={"acme": "found", "bradley": "network", "coastal": "not_found"},
    stage="published",
    price="5.99",
    record={"name": "Scoop @acme", "weight": "7 oz @acme"},
)


def test_the_key_knows_sixty_products() -> None:
    key = answers.key()
    assert len(key) == 60
    assert key["742365602016"].outcomes == FOUND.outcomes
    assert key["742365602016"].record["weight"] == "7 oz @acme"
    assert key["BS-1042"].record == {}


def test_it_writes_values_as_the_key_does() -> None:
    shops = {"acme": "http://127.0.0.1:8101", "coastal": "http://127.0.0.1:8103"}
    images = ["http://127.0.0.1:8101/a.svg", "http://127.0.0.1:8103/b.svg"]
    assert answers.written(images, "acme", shops) == "{acme}/a.svg | {coastal}/b.svg @acme"
    assert answers.written("30 lb", "bradley", shops) == "30 lb @bradley"


def test_it_writes_prices_in_cents_and_an_unknown_one_as_nothing() -> None:
    assert [answers.amount(price) for price in (Decimal("5.9"), Decimal(0), None)] == ["5.90", "0.00", ""]


def test_it_has_nothing_to_say_where_all_is_as_the_key_says() -> None:
    assert answers.differences({"1": FOUND}, {"1": FOUND}) == []


def test_it_names_a_product_that_is_missing_or_unknown() -> None:
    assert answers.differences({"1": FOUND}, {"2": FOUND}) == [
        "1 is missing.",
        "2 is there, but the answer key does not know it.",
    ]


def test_it_says_in_a_sentence_what_ended_otherwise() -> None:
    actual = replace(
        FOUND,
        outcomes={**FOUND.outcomes, "bradley": "found"},
        stage="consolidated",
        record={"name": "Scoop @bradley", "weight": "7 oz @acme", "brand": "Clean Corner @acme"},
    )
    assert answers.differences({"1": FOUND}, {"1": actual}) == [
        "1: bradley's outcome is “found”; the answer key says “network”.",
        "1: its stage is “consolidated”; the answer key says “published”.",
        "1: its brand is “Clean Corner @acme”; the answer key says empty.",
        "1: its name is “Scoop @bradley”; the answer key says “Scoop @acme”.",
    ]


def test_a_field_that_the_key_has_and_the_record_has_not_is_told() -> None:
    actual = replace(FOUND, record={"name": "Scoop @acme"})
    assert answers.differences({"1": FOUND}, {"1": actual}) == [
        "1: its weight is empty; the answer key says “7 oz @acme”."
    ]
