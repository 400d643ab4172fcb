"""Pages that mean harm, or are merely very broken, cost a bounded time and never an error."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.agent.extract import Extraction
from tests.runners.pages import extraction

FIELDS = {
    "name": {"from": [{"label": "UPC"}, {"css": "h1"}, {"micro": "name"}, {"ld": "name"}, {"xpath": "//h1"}]},
    "description": {"from": [{"css": "p"}, {"og": "description"}], "transform": ["text"]},
    "description_html": {"from": [{"css": "main"}], "transform": ["html"]},
    "sku": {"from": [{"json": "item.sku"}, {"meta": "sku"}], "transform": [{"regex_extract": "(a+)+$"}]},
    "price": {"from": [{"css": "b"}, {"ld": "offers.price"}, {"micro": "offers.price"}], "transform": ["price"]},
    "images": {"from": [{"css": "img", "attr": "srcset|src"}], "transform": ["srcset_largest", "absolute", "dedupe"]},
    "attributes": {"table": {"rows": "tr", "key": "th", "value": "td"}},
}


def found(body: str | bytes) -> Extraction:
    return extraction(body, FIELDS, structured={}, product={"exclude": [".related"]})


N = 60_000
HOSTILE = {
    "deep nesting": "<div>" * N + "<h1>x</h1>",
    "deep inline nesting": "<b>" * N + "5",
    "deep tables": "<table><tr><td>" * N,
    "deep related": "<div class=related>" * N,
    "deep item scopes": "<div itemscope itemprop=name itemtype='schema:Product'>" * N,
    "many item scopes": "<div itemscope itemtype='schema:Product'><i itemprop=name>x</i></div>" * (N // 10),
    "many item references": "<div itemscope itemref='a a a a a a a a'></div>" * (N // 10) + "<p id=a itemprop=name>",
    "deep JSON-LD": f"<script type='application/ld+json'>{'[' * N}{']' * N}</script>",
    "deep JSON-LD graph": "<script type='application/ld+json'>" + '{"@graph":[' * 900 + "]}" * 900 + "</script>",
    "many JSON-LD products": "<script type='application/ld+json'>["
    + ",".join(['{"@type":"Product","offers":[{"price":1},{"price":2}]}'] * (N // 10))
    + "]</script>",
    "unended comments in JSON-LD": "<script type='application/ld+json'>" + "/*" * N + '"' * N + "</script>",
    "unended strings in JSON-LD": "<script type='application/ld+json'>" + '"\\' * N + "</script>",
    "many assignments": "<script>" + "a = {" * N + "</script>",
    "many quotes in a script": "<script>" + 'JSON.parse("' * N + "</script>",
    "one long word": "<p>" + "a" * (10 * N) + "</p>",
    "many spaces": "<p>" + " \n" * (10 * N) + "</p><h1>x</h1>",
    "many digits": "<b>" + "1 " * N + "</b>",
    "many angle brackets": "<p>" + "<" * (10 * N),
    "many entities": "<h1>" + "&amp;" * N + "</h1>",
    "many candidates of an image": "<img srcset='" + "a, " * N + "'>",
    "many attributes": "<p " + " ".join(f"a{number}=b" for number in range(N // 10)) + ">",
    "many labels": "<span>UPC:</span>" * N,
    "many meta tags": "<meta property='og:description' content=x>" * N,
    "many rows": "<table>" + "<tr><th>a</th><td>b</td></tr>" * (N // 10) + "</table>",
    "markup that closes nothing": "</div></p></html><h1>x</table></body>" * N,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_page_costs_a_bounded_time(body: str) -> None:
    started = time.process_time()  # a busy machine takes longer by the clock on the wall
    found(body)
    assert time.process_time() - started < 5


def test_numbers_that_are_none_are_no_values() -> None:
    body = '<script type="application/ld+json">{"@type":"Product","name":NaN,"offers":{"price":1e999}}</script>'
    assert found(body).fields == {}


def test_nul_and_surrogates_never_reach_a_value() -> None:
    body = (
        rb"""<h1>a\x00b</h1><script type="application/ld+json">{"@type":"Product","name":"c\ud800d\u0000e"}</script>"""
    )
    entries = {"name": {"from": [{"ld": "name"}]}, "brand": {"from": [{"css": "h1"}]}}
    read = extraction(body.replace(rb"\x00", b"\x00"), entries)
    assert read.fields == {"name": "c\ufffdd\ufffde", "brand": "a\ufffdb"}


@pytest.mark.parametrize("served", ["text/html; charset=utf-8", "text/html; charset=shift_jis", "image/png", "\x00"])
def test_a_wrong_charset_garbles_words_and_nothing_else(served: str) -> None:
    from runners.agent import page

    body = "<meta charset=big5><h1>Café</h1><b>$5</b>".encode("utf-16-le")
    assert page.read(body, url="https://www.acme.test/", content_type=served).root.tag == "html"


SNIPPETS = st.sampled_from(
    [
        "<h1>", "</h1>", "<b>$5</b>", "<table><tr><th>a", "<td>", "<dl><dt>UPC<dd>", "<main>", "UPC:", "<!--", "-->",
        "<div itemscope ", "itemprop=name>", "itemprop=offers itemscope>", "itemtype='schema:Product'>",
        "<script type='application/ld+json'>", '{"@type":"Product",', '"offers":[', "]}", "</script>", "<script>x = {",
        "<img srcset='a 1x,", "<p class=related>", "<base href='http://['>", "<meta property=og:url content='http://['>",
        "\x00", "\ud800",
    ]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(SNIPPETS | st.text(max_size=5), max_size=25))
def test_any_soup_of_markup_can_be_read(pieces: list[str]) -> None:
    found("".join(pieces).encode("utf-8", "surrogatepass"))
