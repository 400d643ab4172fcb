"""The closed list of transforms."""

import time
from typing import Any

import pytest
from lxml import html

from runners.agent import transforms
from runners.protocol.definition import Step
from runners.protocol.definition.steps import BARE, KINDS


def after(values: Any, *steps: Any) -> list[str]:
    written = [Step.model_validate({step: True} if isinstance(step, str) else step) for step in steps]
    return transforms.apply(written, [values] if isinstance(values, str) else values, base_url="https://a.test/shop/7")


@pytest.mark.parametrize(
    ("values", "step", "expected"),
    [
        ("<p>Fish &amp; <b>chips</b><br>salt</p><script>x</script>", "text", ["Fish & chips salt"]),
        ("a &lt; b and c < d", "text", ["a < b and c < d"]),
        ("0 36000-29145 2", "digits", ["036000291452"]),
        ("acme", "upper", ["ACME"]),
        ("DON'T FEED 2XL FISH", "title", ["Don't Feed 2XL Fish"]),
        ("  x  ", "strip", ["x"]),
        ("**x**", {"strip": "*"}, ["x"]),
        ("/thumb/a.jpg", {"replace": ["/thumb/", "/large/"]}, ["/large/a.jpg"]),
        ("a.b", {"replace": [".", "-"]}, ["a-b"]),
        ("SKU 12-34 (new)", {"regex_extract": r"\d+-\d+"}, ["12-34"]),
        ("SKU 12-34", {"regex_extract": r"(\d+)-(\d+)"}, ["12"]),
        ("SKU 12-34", {"regex_extract": {"pattern": r"(\d+)-(\d+)", "group": 2}}, ["34"]),
        ("SKU 12", {"regex_extract": {"pattern": r"(?P<no>\d+)", "group": "no"}}, ["12"]),
        ("code: 34", {"regex_extract": r"SKU (\d+)|code: (\d+)"}, ["34"]),
        ("none", {"regex_extract": r"\d+"}, []),
        ("red, blue , ,green", {"split": ","}, ["red", "blue", "green"]),
        (["a", "b"], {"join": " > "}, ["a > b"]),
        (["In  stock", "Gone"], {"map": {"in stock": "InStock"}}, ["InStock", "Gone"]),
        ("Your price: $1,234.5", "price", ["1234.50"]),
        ("1.234,50", {"price": {"currency": "EUR"}}, ["1234.50"]),
        ("12.345", {"price": {"decimal": "."}}, ["12.345"]),
        ("$12.00", {"price": {"currency": "EUR"}}, ["12.00"]),
        ("£12.00", {"price": {"currency": "EUR"}}, []),
        ("call us", "price", []),
        ("72705115310", "gtin", ["072705115310"]),
        ("072705115311", "gtin", []),
        ("about -12,5 kg", "number", ["-12.5"]),
        ("Pack of 1,200", "number", ["1200"]),
        ("5 LBS.", "unit", ["5 lb"]),
        ("80 oz", {"unit": "lb"}, ["5 lb"]),
        ("../a b.jpg", "absolute", ["https://a.test/a b.jpg"]),
        (["data:image/gif;base64,R0", "javascript:x", "http://[bad"], "absolute", []),
        ("s.jpg 300w, /c_w,600/l.jpg 600w", "srcset_largest", ["/c_w,600/l.jpg"]),
        ("s.jpg 1x,l.jpg 2.5x", "srcset_largest", ["l.jpg"]),
        ("plain,name.jpg", "srcset_largest", ["plain,name.jpg"]),
        (["a", "b", "a"], "dedupe", ["a", "b"]),
        (["a", "b"], "first", ["a"]),
        (["a", "b", "c"], {"limit": 2}, ["a", "b"]),
    ],
)
def test_each_does_what_it_says(values: Any, step: Any, expected: list[str]) -> None:
    assert after(values, step) == expected


def test_every_transform_of_the_definition_can_be_applied() -> None:
    arguments: dict[str, Any] = {"replace": ["a", "b"], "regex_extract": "a", "split": "b", "join": "c", "map": {}}
    for kind in KINDS:
        after("5 a", {kind: True if kind in BARE else arguments.get(kind, 1)})


def test_an_element_becomes_its_words_and_html_keeps_its_markup() -> None:
    element = html.fromstring("<div>1 &lt; 2 <b>bold</b> tail</div>")
    assert after([element]) == ["1 < 2 bold tail"]
    assert after([element], "html") == ["1 &lt; 2 <b>bold</b> tail"]
    assert after([element], "html", "text") == ["1 < 2 bold tail"]


def test_spaces_are_collapsed_but_in_markup() -> None:
    spaced = "<div> <pre>a\n  b</pre> </div>"
    assert after([html.fromstring(spaced)]) == ["a b"]
    assert after([html.fromstring(spaced)], "html") == ["<pre>a\n  b</pre>"]
    assert after([" \n a\n b", " "]) == ["a b"]


def test_steps_follow_each_other() -> None:
    assert after("0003 | 0004", {"split": "|"}, "digits", {"join": "+"}) == ["0003+0004"]


def test_a_hanging_regex_does_not_hang() -> None:
    started = time.perf_counter()
    assert after("a" * 100_000 + "!", {"regex_extract": r"^(a+)+$"}) == []
    assert after("x" * 100_000, {"regex_extract": r"(x+x+)+y"}) == []
    assert time.perf_counter() - started < 1


def test_no_chain_of_steps_grows_without_end() -> None:
    doubled = after("ab", *[{"replace": ["b", "bb"]}] * 50)
    assert len(doubled[0]) == transforms.LONGEST
    assert len(after("a,b," * transforms.MOST, {"split": ","})) == transforms.MOST


def test_nul_and_surrogates_are_replaced() -> None:
    assert after("a\x00b\ud800c") == ["a\ufffdb\ufffdc"]


@pytest.mark.parametrize("unfilled", ["$metabrand", "{{ product.sku }}", "${sku}", "{sku}"])
def test_a_template_that_nobody_filled_is_no_value(unfilled: str) -> None:
    assert after([unfilled, "$5", "A {b}"]) == ["$5", "A {b}"]
