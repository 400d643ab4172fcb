"""What one `from` entry finds."""

from typing import Any

import pytest

from runners.protocol.tokens import Tokens
from tests.runners.pages import extraction, ld, value

BODY = (
    "<head><meta name='Description' content='About fish'><meta property='og:title' content='OG Fish'></head>"
    "<main><h1 class='t'>Gold <i>Fish</i></h1><a href='/x' data-no='072705115310'>72</a>"
    "<p>UPC: 123</p><div class='related'>Related<h1 class='t'>Other</h1></div> tail</main><h1 class='t'>Below</h1>"
    + ld({"@type": "Product", "name": "LD Fish"})
    + "<div itemscope itemtype='schema:Product'><b itemprop='name'>Micro Fish</b></div>"
    '<script>window.dataLayer = []; var state = {"item": {"price": 12.5, "tags": ["a", "b"]}};</script>'
    '<script type="application/json">{"sku": "J7"}</script>'
    r'<script>boot(JSON.parse("{\"boot\": \"B7\"}"))</script>'
)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"css": "h1.t"}, "Gold Fish"),
        ({"css": "h1.t::text"}, "Gold"),
        ({"css": "a::attr(href)"}, "/x"),
        ({"css": "a", "attr": "data-missing|data-no|href"}, "072705115310"),
        ({"css": "a[data-no={sku}]"}, "72"),
        ({"xpath": "//a[@data-no={sku}]/@href"}, "/x"),
        ({"xpath": "count(//h1)"}, "3"),
        ({"xpath": "string(//h1)"}, "Gold Fish"),
        ({"label": "upc"}, "123"),
        ({"ld": "name"}, "LD Fish"),
        ({"micro": "name"}, "Micro Fish"),
        ({"og": "title"}, "OG Fish"),
        ({"meta": "description"}, "About fish"),
        ({"json": "item.price"}, "12.5"),
        ({"json": "item.tags"}, "a"),
        ({"json": "sku"}, "J7"),
        ({"json": "boot"}, "B7"),
        ({"const": "Item {sku}"}, "Item 072705115310"),
        ({"css": "h6"}, None),
        ({"ld": "name.first"}, None),
        ({"json": "item"}, None),
    ],
)
def test_each_kind_looks_where_it_says(entry: dict[str, str], expected: object) -> None:
    assert value(BODY, entry) == expected


def test_a_json_answer_is_searched_itself() -> None:
    assert value('{"items": [{"id": 7, "name": "Fish"}]}', {"json": "items[?id==`7`].name"}) == "Fish"


def test_it_looks_inside_the_scope_and_past_what_is_excluded() -> None:
    within: dict[str, Any] = {"product": {"scope": "main", "exclude": [".related", ".absent"]}}
    everything = {"features": {"from": [{"css": "h1.t"}]}}
    assert extraction(BODY, everything).fields["features"] == ["Gold Fish", "Other", "Below"]
    assert extraction(BODY, everything, **within).fields["features"] == ["Gold Fish"]
    assert str(value(BODY, {"css": "main"}, **within)).endswith("UPC: 123 tail")
    assert value(BODY, {"ld": "name"}, **within) == "LD Fish"


def test_a_scope_that_is_missing_leaves_nothing_to_find() -> None:
    assert value(BODY, {"css": "h1.t"}, product={"scope": "#gone"}) is None


def test_an_entry_whose_token_has_no_value_is_passed_over() -> None:
    entries = {"name": {"from": [{"css": "a[data-no={gtin}]"}, {"const": "{gtin}"}, {"const": "{sku}"}]}}
    assert extraction(BODY, entries, tokens=Tokens("A-1")).fields == {"name": "A-1"}
    assert extraction(BODY, entries, tokens=Tokens("72705115310")).fields == {"name": "72"}
