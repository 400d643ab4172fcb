"""The demo's scrapers read the demo's pages: each definition against its shop, without a socket."""

from typing import Any

import pytest

from baystate.demo import seed
from baystate.demo.sites.acme import Acme
from baystate.demo.sites.bradley import Bradley
from baystate.demo.sites.coastal import Coastal
from baystate.demo.sites.shop import Request
from runners.agent.extract import extract
from runners.agent.marks import holds
from runners.agent.page import Page, read
from runners.agent.pick import choose
from runners.protocol.definition import Definition, parse
from runners.protocol.tokens import Tokens

SKU = "071843101308"
TOKENS = Tokens(SKU)


def definition(slug: str) -> Definition:
    return parse(seed.definition(slug, f"http://{slug}.test"))


def page(slug: str, body: str, path: str = "/") -> Page:
    return read(body.encode(), url=f"http://{slug}.test{path}", content_type="text/html; charset=utf-8")


def fields(slug: str, body: str) -> dict[str, Any]:
    shown = page(slug, body)
    marker = definition(slug).product.marker
    assert marker is not None
    assert holds(marker, shown, TOKENS)
    found = extract(shown, definition(slug), TOKENS)
    assert found.missing == ()
    return found.fields


def test_acme_is_read_from_what_it_declares() -> None:
    found = fields("acme", Acme("http://acme.test")._product(SKU).body)
    assert found["name"] == "Harvest Hound Adult Chicken & Rice Dog Food, 30 lb"
    assert found["brand"] == "Harvest Hound"
    assert found["weight"] == "30 lb"
    assert found["categories"] == ["Dog", "Food", "Dry"]
    assert found["images"] == [f"http://acme.test/media/{SKU}-{number}.svg" for number in (1, 2)]


def test_bradley_is_read_by_its_labels() -> None:
    found = fields("bradley", Bradley("http://bradley.test")._product(SKU).body)
    assert found["brand"] == "Harvest Hound"
    assert found["gtin"] == SKU
    assert found["weight"] == "30 LB"
    assert found["images"] == ["http://bradley.test/pictures/1-10130.svg"]


def test_coastal_is_picked_from_its_list_and_read_with_its_large_pictures() -> None:
    shop, pick = Coastal("http://coastal.test"), definition("coastal").pick
    assert pick is not None
    results = shop.answer(Request("GET", "/find", {"keywords": SKU}))
    assert choose(page("coastal", results.body), pick, TOKENS) == ["http://coastal.test/item/000"]
    found = fields("coastal", shop.answer(Request("GET", "/item/000")).body)
    assert found["weight"] == "30 lb"
    assert found["features"] == ["Farm-raised chicken first", "No corn or soy"]
    assert found["images"] == [f"http://coastal.test/images/000/large/{number}.svg" for number in (1, 2)]


@pytest.mark.parametrize(
    ("slug", "body"),
    [
        ("acme", Acme("http://acme.test").answer(Request("GET", "/search", {"q": "BS-1042"})).body),
        ("bradley", Bradley("http://bradley.test")._product("BS-1042").body),
        ("coastal", Coastal("http://coastal.test").answer(Request("GET", "/find", {"keywords": "BS-1042"})).body),
    ],
)
def test_each_shop_says_so_where_it_has_nothing(slug: str, body: str) -> None:
    no_result = definition(slug).search.no_result
    assert no_result is not None
    assert holds(no_result, page(slug, body), Tokens("BS-1042"))
    assert not holds(no_result, page(slug, "<main><h1>Anything else</h1></main>"), Tokens("BS-1042"))
