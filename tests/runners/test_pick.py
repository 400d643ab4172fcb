"""Which rows of a result list are the product asked for."""

from typing import Any

from runners.agent import pick
from runners.protocol.definition import Pick
from runners.protocol.tokens import Tokens
from tests.runners.pages import page

LIST = """
<ul class="results">
 <li class="item"><a href="/items/1">Fish</a> <span class="item-no">Item 0123</span></li>
 <li class="item"><a href="/items/2">Fish, 2 pack</a> <span class="item-no"> item  01234 </span></li>
 <li class="item"><a>no address</a> <span class="item-no">Item 0123</span></li>
 <li class="item"><a href="javascript:void(0)">script</a> <span class="item-no">Item 0123</span></li>
 <li class="item"><a href="/items/1">the same again</a> <span class="item-no">Item 0123</span></li>
</ul>
"""


def chosen(sku: str = "0123", **changes: Any) -> list[str]:
    written = {"rows": ".results .item", "link": "a::attr(href)"} | changes
    return pick.choose(page(LIST), Pick.model_validate(written), Tokens(sku))


def test_a_row_must_meet_every_requirement() -> None:
    assert chosen(require=[{"css": ".item-no", "equals": "item {sku}"}]) == ["https://www.acme.test/items/1"]
    assert chosen(require=[{"css": ".item-no", "contains": "{sku}"}, {"css": "a", "contains": "pack"}]) == [
        "https://www.acme.test/items/2"
    ]
    assert chosen("999", require=[{"css": ".item-no", "contains": "{sku}"}]) == []


def test_without_requirements_every_row_with_an_address_counts_once() -> None:
    assert chosen() == ["https://www.acme.test/items/1", "https://www.acme.test/items/2"]


def test_a_link_may_be_the_element_itself() -> None:
    assert chosen(link="a")[0] == "https://www.acme.test/items/1"


def test_a_requirement_whose_token_has_no_value_is_not_met() -> None:
    assert chosen(require=[{"css": ".item-no", "contains": "{gtin}"}]) == []
