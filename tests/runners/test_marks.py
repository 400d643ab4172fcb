"""Signs on a page."""

from typing import Any

import pytest

from runners.agent import marks
from runners.protocol.definition import Marks
from runners.protocol.tokens import Tokens
from tests.runners.pages import page

BODY = "<h1 class='product'>Gold&nbsp;Fish</h1><p>Nothing found for 0123</p><p hidden>Invalid password</p>"


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ({"css": "h1.product"}, True),
        ({"css": "h2"}, False),
        ({"text": "gold fish"}, True),
        ({"text": "nothing found for {sku}"}, True),
        ({"text": "nothing found for {gtin}"}, False),
        ({"text": "invalid password"}, False),
        ({"status": 404}, True),
        ({"status": [200, 410]}, False),
        ({"any": [{"css": "h2"}, {"status": [404]}]}, True),
        ({"any": [{"css": "h2"}, {"status": [200]}]}, False),
        ({"all": [{"css": "h1"}, {"status": [404]}]}, True),
        ({"all": [{"css": "h1"}, {"status": [200]}]}, False),
        ({"any": [{"css": "h1"}], "all": [{"css": "h2"}]}, False),
    ],
)
def test_a_mark_holds_when_the_page_carries_it(written: dict[str, Any], held: bool) -> None:
    assert marks.holds(Marks.model_validate(written), page(BODY, status=404), Tokens("0123")) is held
