"""What the sources say, as typed candidates."""

from decimal import Decimal

import pytest

from pipeline.consolidation import evidence
from pipeline.consolidation.evidence import Sources
from runners.protocol.fields import Field


def said(field: Field, sources: Sources) -> list[tuple[str, object]]:
    return [(found.source, found.value) for found in evidence.candidates(field, sources)]


def test_candidates_come_by_slug_and_cleaned() -> None:
    sources = {
        "bradley": {"name": "  Gold\u200b <b>Chicken</b> "},
        "acme": {"name": "Gold&nbsp;Chicken"},
        "coastal": {},
    }
    assert said(Field.NAME, sources) == [("acme", "Gold Chicken"), ("bradley", "Gold Chicken")]


@pytest.mark.parametrize(
    "nothing", [None, "", "  ", "<p></p>", [], {}, True, {"value": "x"}, float("nan"), float("inf")]
)
def test_what_is_empty_or_no_text_is_no_candidate(nothing: object) -> None:
    assert evidence.candidates(Field.NAME, {"acme": {"name": nothing}}) == []


def test_a_number_is_its_digits() -> None:
    assert said(Field.CASE_PACK, {"acme": {"case_pack": 12}, "bradley": {"case_pack": 12.0}}) == [
        ("acme", "12"), ("bradley", "12"),
    ]  # fmt: skip


def test_a_value_that_cannot_count_stays_visible_with_its_flaw() -> None:
    (found,) = evidence.candidates(Field.GTIN, {"acme": {"gtin": "072705115311"}})
    assert (found.value, found.flaw) == ("072705115311", "its check digit is wrong")


def test_pictures_are_addresses_each_once() -> None:
    images = ["https://a.test/1.jpg", "javascript:x()", "https://A.test/1.jpg#big", "/2.jpg", "https://a.test/3.jpg"]
    assert said(Field.IMAGES, {"acme": {"images": images}}) == [
        ("acme", ["https://a.test/1.jpg", "https://a.test/3.jpg"])
    ]


def test_one_picture_is_a_list_of_one() -> None:
    assert said(Field.IMAGES, {"acme": {"images": "https://a.test/1.jpg"}}) == [("acme", ["https://a.test/1.jpg"])]


def test_a_description_in_html_is_sanitised() -> None:
    assert said(
        Field.DESCRIPTION_HTML, {"acme": {"description_html": "<p onclick=x()>Good<script>x()</script></p>"}}
    ) == [("acme", "<p>Good</p>")]


def test_attributes_lose_empty_names_and_values() -> None:
    attributes = {"Flavor ": " Chicken", "": "x", "Life stage": "", "Legs": 4}
    assert said(Field.ATTRIBUTES, {"acme": {"attributes": attributes}}) == [
        ("acme", {"Flavor": "Chicken", "Legs": "4"})
    ]


def test_sku_and_price_of_a_site_are_no_part_of_the_record() -> None:
    assert not {Field.SKU, Field.PRICE, Field.CURRENCY, Field.AVAILABILITY} & set(evidence.RECORD)
    assert not evidence.any_for({"acme": {"sku": "1", "price": "9.99", "url": "https://a.test"}})


def test_prices_are_told_for_information() -> None:
    sources: Sources = {
        "coastal": {"price": "call us"}, "bradley": {"price": 61.5, "currency": "usd"}, "acme": {"price": "$1,066.99"},
        "zeta": {"price": 0},
    }  # fmt: skip
    assert evidence.prices(sources) == [
        evidence.Price("acme", Decimal("1066.99"), ""), evidence.Price("bradley", Decimal("61.5"), "USD"),
    ]  # fmt: skip
