"""JSON-LD as pages really write it."""

from typing import Any

import pytest

from runners.agent import jsonld
from tests.runners.pages import page


def nodes(*blocks: str) -> list[dict[str, Any]]:
    return jsonld.nodes(page("".join(f'<script type="application/ld+json">{block}</script>' for block in blocks)).root)


@pytest.mark.parametrize(
    "block",
    [
        '{"name": "Fish"}',
        '[{"name": "Fish"}]',
        '[[{"name": "Fish"}]]',
        '{"@graph": [{"name": "Fish"}]}',
        '{"@context": "x", "@graph": {"name": "Fish"}}',
        '{"name": "Fish",}',
        '{"name": "Fish"};',
        '\ufeff {"name": "Fish"}',
        '<!-- {"name": "Fish"} -->',
        '//<![CDATA[\n{"name": "Fish"}\n//]]>',
        '/*<![CDATA[*/ {"name": "Fish"} /*]]>*/',
        '{"name": "Fish" /* the name */, // more\n}',
        "{&quot;name&quot;: &quot;Fish&quot;}",
    ],
)
def test_one_node_in_any_wrapping_is_found(block: str) -> None:
    assert [node["name"] for node in nodes(block)] == ["Fish"]


@pytest.mark.parametrize(
    ("written", "read"),
    [('"a\nb"', "a\nb"), (r'"it\'s"', "it's"), (r'"a\/b // c"', "a/b // c"), (r'"\u00e9 /* no */"', "é /* no */")],
)
def test_strings_are_kept_as_they_are(written: str, read: str) -> None:
    assert nodes(f'{{"name": {written},}}')[0]["name"] == read


def test_an_invalid_block_costs_only_itself() -> None:
    assert nodes('{"name": oops}', '{"name": "Fish"}', "[" * 100_000, "", "null", "5") == [{"name": "Fish"}]


def test_several_objects_in_one_block_are_all_found() -> None:
    assert [node["name"] for node in nodes('{"name": "a"}\n{"name": "b"}')] == ["a", "b"]


def test_the_type_of_a_script_counts_in_any_case() -> None:
    assert jsonld.nodes(page('<script type="Application/LD+JSON; charset=utf-8">{"name": "a"}</script>').root)
