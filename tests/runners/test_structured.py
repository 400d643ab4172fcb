"""Structured data: the page's product among several, and a buyer's offer among several."""

from typing import Any

import pytest

from runners.agent.structured import Structured
from tests.runners.pages import ld, page

FISH = {"@type": "Product", "name": "Fish"}


def said(path: str, *nodes: Any, body: str = "", url: str = "https://www.acme.test/items/7") -> list[Any]:
    return Structured(page(ld(*nodes) + body, url=url)).ld(path)


def priced(price: object, **more: Any) -> dict[str, Any]:
    return {"@type": "Offer", "price": price, **more}


def offered(*offers: Any) -> dict[str, Any]:
    return {**FISH, "offers": list(offers)}


@pytest.mark.parametrize(
    "node",
    [
        FISH,
        {"@type": ["Product", "Book"], "name": ["Fish"]},
        {"@type": "http://schema.org/Product", "schema:name": {"@value": "Fish"}},
        {"@graph": [{"@type": "WebPage", "name": "Page"}, FISH]},
        {"@type": "ItemPage", "mainEntity": FISH},
        {"@type": "AggregateRating", "itemReviewed": FISH},
        {"@type": "ProductGroup", "name": "Fish", "hasVariant": [{"@type": "Product", "name": "Blue fish"}]},
        {"@type": "Car", "name": "Fish", "offers": priced("5")},
    ],
)
def test_the_product_is_found_however_it_is_written(node: dict[str, Any]) -> None:
    assert said("name", node) == ["Fish"]


@pytest.mark.parametrize(
    "nodes",
    [
        [{"@type": "Product", "name": "Other", "url": "/items/8"}, {**FISH, "url": "/items/7"}],
        [{"@type": "Product", "name": "Other"}, {**FISH, "@id": "https://www.acme.test/items/7#product"}],
        [{"@type": "Product", "name": "Food, other"}, FISH],
        [{**FISH, "name": "Fish", "isRelatedTo": [{"@type": "Product", "name": "Fish food"}]}],
        [{"@type": "ItemList", "itemListElement": [{"@type": "Product", "name": "Other"}]}, FISH],
        [{"@type": "Review", "name": "Great"}, {"@type": "Product", "name": "Fish, as said", "review": []}, FISH],
    ],
)
def test_of_several_products_the_pages_own_is_chosen(nodes: list[Any]) -> None:
    assert said("name", *nodes, body="<title>Shop</title><h1>Fish</h1>") == ["Fish"]


def test_a_product_of_a_list_is_not_the_pages() -> None:
    shelf = {"@type": "ItemList", "itemListElement": [{"item": {"@type": "Product", "name": "Other"}}]}
    assert said("name", shelf, body="<h1>Fish</h1>") == []
    assert said("name", shelf, body="<h1>Other</h1>") == ["Other"]


def test_one_offer_without_a_product_stands_in_for_it() -> None:
    assert said("offers.price", priced("5")) == ["5"]
    assert said("offers.price", {"@type": "Organization"}, priced("5")) == ["5"]
    assert said("offers.price", priced("5"), priced("6")) == []
    assert said("offers.price", {"@type": "Organization", "makesOffer": priced("5")}) == []


def test_only_what_can_be_sold_is_a_product() -> None:
    assert (
        said("name", {"@type": "Book", "name": "Fish"}, {"@type": "Event", "name": "Fair", "offers": priced(5)}) == []
    )


def test_a_name_in_a_title_or_around_it_is_the_pages() -> None:
    other = {"@type": "Product", "name": "Other"}
    assert said("name", other, {**FISH, "name": "Gold Fish"}, body="<h1>Fish</h1>") == ["Gold Fish"]
    assert said("name", other, FISH, body="<title>Gold Fish | Acme</title>") == ["Fish"]


@pytest.mark.parametrize(
    ("offers", "price"),
    [
        ([priced("9"), priced("7"), priced("8")], "7"),
        ([priced("0"), priced("8")], "8"),
        ([priced("5", availability="http://schema.org/OutOfStock"), priced("7", availability="InStock")], "7"),
        ([{"@type": "AggregateOffer", "lowPrice": "4", "highPrice": "9"}], "4"),
        ([{"@type": "AggregateOffer", "lowPrice": "4", "offers": [priced("9"), priced("6")]}], "6"),
        ([{"@type": "AggregateOffer", "lowPrice": "4", "offers": [{"@type": "Offer", "url": "/x"}]}], "4"),
        ([{"@type": "Offer", "offers": priced(12.5)}], "12.5"),
        ([{"@type": "Offer", "priceSpecification": {"price": 12.99, "priceCurrency": "USD"}}], "12.99"),
        (
            [
                {
                    "@type": "Offer",
                    "priceSpecification": [
                        {"price": 20, "priceType": "https://schema.org/StrikethroughPrice"},
                        {"price": 15},
                    ],
                }
            ],
            "15",
        ),
        ([priced(33.333)], "33.3330"),
    ],
)
def test_the_offer_a_buyer_would_get_comes_first(offers: list[Any], price: str) -> None:
    assert said("offers.price", offered(*offers))[0] == price


def test_offers_of_variants_are_offers_of_the_group() -> None:
    variants = [offered(priced("9")), offered(priced("7"))]
    assert said("offers.price", {"@type": "ProductGroup", "name": "Fish", "hasVariant": variants}) == ["7", "9"]


def test_what_is_no_node_is_passed_over_where_a_node_is_expected() -> None:
    product = {**FISH, "@type": ["Product", 5, None], "hasVariant": ["/blue", 7], "offers": ["soon", 9, priced("5")]}
    assert said("offers.price", product) == ["5"]


def test_nodes_that_refer_to_each_other_end() -> None:
    first = {"@id": "#1", "@type": "Offer", "price": "5", "offers": {"@id": "#2"}}
    second = {"@id": "#2", "@type": "Offer", "price": "6", "offers": [{"@id": "#1"}, {"@id": "#2"}]}
    assert said("offers.price", {"@graph": [{**FISH, "offers": {"@id": "#1"}}, first, second]}) == ["5", "6"]


def test_an_id_stands_for_the_node_that_has_it() -> None:
    offer = {"@id": "#offer", "@type": "Offer", "price": "5"}
    assert said("offers.price", {"@graph": [{**FISH, "offers": {"@id": "#offer"}}, offer]}) == ["5"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"@type": "Brand", "name": "Acme"}, ["Acme"]),
        ([{"name": "Acme"}, "Other"], ["Acme", "Other"]),
        ({"@list": ["a", "b"]}, ["a", "b"]),
        ({"@type": "ImageObject", "name": "Front", "contentUrl": "/a.jpg"}, ["/a.jpg"]),
        ({"@type": "QuantitativeValue", "value": 5, "unitCode": "LBR"}, ["5 LBR"]),
        ("Salt &amp; pepper", ["Salt & pepper"]),
        ("<b>1 &lt; 2</b>", ["<b>1 &lt; 2</b>"]),
        ("https://schema.org/InStock", ["InStock"]),
        ("//www.schema.org/InStock/", ["InStock"]),
        (5, ["5"]),
        (1e21, ["1000000000000000000000"]),
        (True, []),
        ({}, []),
        ("  ", []),
    ],
)
def test_a_value_is_a_text_whatever_its_shape(value: Any, words: list[str]) -> None:
    assert said("brand", {**FISH, "brand": value}) == words


def test_the_name_of_what_is_only_a_text_is_that_text() -> None:
    assert said("brand.name", {**FISH, "brand": "Acme"}) == ["Acme"]
    assert said("brand.logo", {**FISH, "brand": "Acme"}) == []


def test_a_path_counts_and_begins_at_a_type_when_it_names_one() -> None:
    crumbs = {
        "@type": "BreadcrumbList",
        "name": "Path",
        "itemListElement": [{"item": {"name": "Pets"}}, {"name": "Fish"}],
    }
    assert said("BreadcrumbList.itemListElement.name", FISH, crumbs) == ["Pets", "Fish"]
    assert said("BreadcrumbList.name", FISH, crumbs) == ["Path"]
    assert said("image.1", {**FISH, "image": ["a", "b"]}) == ["b"]


def test_an_address_in_words_is_none() -> None:
    body = '<div itemscope itemtype="schema:Product"><b itemprop="@id">here</b><i itemprop="name">Fish</i></div>'
    assert len(Structured(page(body)).micro("name")) == 1


def test_microdata_and_json_ld_are_asked_apart() -> None:
    body = '<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Micro fish</b></div>'
    read = Structured(page(ld(FISH) + body))
    assert read.ld("name") == ["Fish"]
    assert [getattr(one, "text", one) for one in read.micro("name")] == ["Micro fish"]


def test_opengraph_is_read_with_or_without_its_prefix_wherever_it_stands() -> None:
    read = Structured(
        page(
            '<body><meta name="og:title" content="Fish"><meta property="product:price:amount" content="5">'
            '<meta property="og:image" content=""><meta name="price" content="9"></body>'
        )
    )
    assert (read.og("title"), read.og("og:title"), read.og("price:amount")) == (["Fish"], ["Fish"], ["5"])
    assert (read.og("image"), read.og("price"), read.meta("Price")) == ([], [], ["9"])
