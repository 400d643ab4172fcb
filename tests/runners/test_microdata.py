"""Microdata in the shape of JSON-LD."""

from typing import Any

from runners.agent import microdata, visible
from tests.runners.pages import page


def items(body: str) -> list[dict[str, Any]]:
    return [_texts(node) for node in microdata.nodes(page(body).root, "https://www.acme.test/")]


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return value if isinstance(value, str) else visible.text(value)


def test_items_nest_by_their_properties() -> None:
    body = """
    <div itemscope itemtype="http://schema.org/Product"><h1 itemprop="name">Fish <b>cake</b></h1>
      <div itemprop="offers" itemscope itemtype="http://schema.org/Offer"><span itemprop="price">5</span></div>
      <p itemprop="sku mpn">7</p></div>"""
    assert items(body) == [
        {
            "@type": ["http://schema.org/Product"],
            "name": ["Fish cake"],
            "offers": [{"@type": ["http://schema.org/Offer"], "price": ["5"]}],
            "sku": ["7"],
            "mpn": ["7"],
        }
    ]


def test_an_attribute_carries_the_value_where_the_words_do_not() -> None:
    body = """
    <div itemscope><meta itemprop="gtin13" content="1"><span itemprop="price" content="5.00">$5</span>
      <i itemprop="sku" content="">7</i>
      <link itemprop="availability" href="http://schema.org/InStock"><img itemprop="image" src="/a.jpg">
      <a itemprop="brand" href="/brands/acme">Acme</a><a itemprop="url" href="/p/7">here</a>
      <data itemprop="weight" value="3">three</data></div>"""
    assert items(body) == [
        {
            "@type": [],
            "gtin13": ["1"],
            "price": ["5.00"],
            "sku": ["7"],
            "availability": ["http://schema.org/InStock"],
            "image": ["https://www.acme.test/a.jpg"],
            "brand": ["Acme"],
            "url": ["https://www.acme.test/p/7"],
            "weight": ["3"],
        }
    ]


def test_an_item_that_is_no_property_stands_by_itself() -> None:
    body = '<div itemscope><b itemprop="name">Fish</b><div itemscope><b itemprop="name">Shop</b></div></div>'
    assert items(body) == [{"@type": [], "name": ["Fish"]}, {"@type": [], "name": ["Shop"]}]


def test_itemref_fetches_properties_from_elsewhere() -> None:
    body = """
    <div itemscope itemref="more offer missing"><b itemprop="name">Fish</b></div>
    <div id="more"><i itemprop="sku">7</i></div>
    <div id="offer" itemprop="offers" itemscope><i itemprop="price">5</i></div>"""
    assert items(body) == [{"@type": [], "name": ["Fish"], "sku": ["7"], "offers": [{"@type": [], "price": ["5"]}]}]


def test_items_that_refer_to_each_other_end() -> None:
    body = (
        '<div id="a" itemprop="x" itemscope itemref="b a"></div><div id="b" itemprop="y" itemscope itemref="a"></div>'
    )
    assert microdata.nodes(page(body).root, "https://www.acme.test/") == []
