"""A product's fields from its page."""

from runners.protocol.tokens import Tokens
from tests.runners.pages import extraction, ld

PRODUCT = {
    "@type": "Product",
    "name": "LD Fish",
    "sku": "sku:7",
    "gtin13": "4006381333931",
    "image": ["/a.jpg", "/a.jpg", "/b.jpg"],
    "offers": {"price": "$1,234.5", "priceCurrency": "USD", "availability": "in stock"},
}


def test_the_first_entry_that_yields_a_value_wins_and_the_others_are_kept() -> None:
    fields = {"name": {"from": [{"css": "h2"}, {"css": "h1"}, {"ld": "name"}]}}
    found = extraction("<h1>Fish</h1><h2> </h2>" + ld(PRODUCT), fields)
    assert found.fields == {"name": "Fish"}
    assert found.others == {"name": [{"from": "ld name", "value": "LD Fish"}]}


def test_an_entry_yields_what_its_transforms_leave() -> None:
    fields = {"gtin": {"from": [{"css": "b"}, {"css": "i"}], "transform": ["digits", "gtin"]}}
    assert extraction("<b>UPC 072705115311</b><i>UPC 0 72705 11531 0</i>", fields).fields == {"gtin": "072705115310"}


def test_each_field_has_its_cardinality() -> None:
    fields = {
        "name": {"from": [{"css": "li"}]},
        "features": {"from": [{"css": "li"}]},
        "categories": {"from": [{"css": "li"}], "many": False},
    }
    assert extraction("<li>a<li>b", fields).fields == {"name": "a", "features": ["a", "b"], "categories": ["a"]}


def test_attributes_come_from_a_table() -> None:
    table = {"attributes": {"table": {"rows": "tr", "key": "th", "value": "td"}}}
    body = (
        "<table><tr><th>Colour:</th><td>red</td></tr><tr><th>Colour</th><td>blue</td></tr><tr><th>Size</th><td></td></tr>"
        "<tr><td>x</td></tr><tr><th>Care</th><td>dry<br>clean</td></tr></table>"
    )
    assert extraction(body, table).fields == {"attributes": {"Colour": "red", "Care": "dry clean"}}
    assert extraction("<p>none</p>", table).fields == {}


def test_required_fields_without_a_value_are_missing() -> None:
    fields = {"name": {"from": [{"css": "h1"}], "required": True}, "brand": {"from": [{"css": "b"}], "required": True}}
    assert extraction("<h1>Fish</h1>", fields).missing == ("brand",)


def test_structured_data_falls_back_cleaned_by_its_field() -> None:
    fields = {name: {"from": [{"css": "h6"}]} for name in ("name", "sku", "gtin", "price", "availability", "images")}
    assert extraction(ld(PRODUCT), fields, structured={}).fields == {
        "name": "LD Fish",
        "sku": "7",
        "gtin": "4006381333931",
        "price": "1234.50",
        "availability": "InStock",
        "images": ["https://www.acme.test/a.jpg", "https://www.acme.test/b.jpg"],
    }


def test_structured_data_checks_what_was_found() -> None:
    fields = {"name": {"from": [{"css": "h1"}]}, "brand": {"from": [{"css": "b"}]}}
    body = "<h1>Fish</h1>" + ld({**PRODUCT, "brand": "Acme"}) + "<meta property=og:title content='OG Fish'>"
    both = extraction(body, fields, structured={})
    assert both.fields == {"name": "Fish", "brand": "Acme"}
    assert both.others["name"] == [{"from": "jsonld", "value": "LD Fish"}, {"from": "opengraph", "value": "OG Fish"}]
    only = extraction(body, fields, structured={"role": "check", "use": ["jsonld"]})
    assert only.fields == {"name": "Fish"}
    assert only.others["name"] == [{"from": "jsonld", "value": "LD Fish"}]
    assert only.others["brand"] == [{"from": "jsonld", "value": "Acme"}]
    assert extraction(body, fields, structured={"role": "fallback"}).others == {}


def test_a_kind_that_an_entry_asked_is_not_asked_again() -> None:
    fields = {"name": {"from": [{"ld": "name"}]}}
    assert extraction(ld(PRODUCT), fields, structured={}).others == {}


def test_without_structured_only_the_entries_are_read() -> None:
    assert extraction(ld(PRODUCT), {"name": {"from": [{"css": "h1"}]}}, tokens=Tokens("7")).fields == {}
