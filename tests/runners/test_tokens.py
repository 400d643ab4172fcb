"""The four tokens, quoted as the place they stand in needs."""

import pytest
from lxml import html

from runners.protocol.definition import expressions
from runners.protocol.tokens import TokenMissing, Tokens

AWKWARD = "a'b\"c\\d]//"


def test_it_percent_encodes_in_an_address() -> None:
    assert Tokens("A/B &?#ü").url("https://x.test/{sku}?q={sku}") == (
        "https://x.test/A%2FB%20%26%3F%23%C3%BC?q=A%2FB%20%26%3F%23%C3%BC"
    )


def test_a_value_is_never_read_as_a_template() -> None:
    assert Tokens("{password}", password="secret").text("{sku}") == "{password}"


@pytest.mark.parametrize("expression", ["//p[@id={sku}]", "//p[@id='{sku}']", '//p[@id="{sku}"]'])
def test_it_quotes_any_value_in_xpath(expression: str) -> None:
    page = html.fromstring("<div><p></p></div>")
    page[0].set("id", AWKWARD)
    assert expressions.xpath(Tokens(AWKWARD).xpath(expression))(page) == [page[0]]


@pytest.mark.parametrize("selector", ["p[id={sku}]", "p[id='{sku}']", 'p[id="{sku}"]'])
def test_it_quotes_any_value_in_css(selector: str) -> None:
    page = html.fromstring("<div><p></p></div>")
    page[0].set("id", AWKWARD)
    assert expressions.css(Tokens(AWKWARD).css(selector))(page) == [page[0]]


def test_a_token_may_stand_inside_a_longer_literal() -> None:
    assert Tokens("7").xpath("//p[.='No. {sku}']") == "//p[.='No. 7']"


@pytest.mark.parametrize(
    ("sku", "gtin"),
    [
        ("072705115310", "072705115310"),
        ("72705115310", "072705115310"),
        ("72705115311", None),
        ("A72705115310", None),
        ("000000000000", None),
    ],
)
def test_gtin_is_the_sku_when_it_is_one(sku: str, gtin: str | None) -> None:
    assert Tokens(sku).gtin == gtin


@pytest.mark.parametrize("template", ["{gtin}", "{username}", "{password}", "{env}"])
def test_a_token_without_a_value_is_said(template: str) -> None:
    with pytest.raises(TokenMissing):
        Tokens("ABC").text(template)


def test_secrets_do_not_show_in_its_repr() -> None:
    assert "hunter2" not in repr(Tokens("1", username="hunter2", password="hunter2"))
