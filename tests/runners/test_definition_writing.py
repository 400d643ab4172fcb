"""A stored definition is shown as people write it."""

import json
from typing import Any

import pytest

from baystate.demo import seed
from runners.protocol.definition import write
from runners.protocol.definition.writing import WIDTH

SMALL = """{
  "schema_version": 1,
  "slug": "acme",
  "fields": {
    "name": {"from": [{"css": "h1", "attr": "title"}], "required": true, "transform": ["text"]},
    "brand": {"from": []}
  }
}"""


def stored(document: dict[str, Any]) -> dict[str, Any]:
    """What comes back from a database that keeps its keys by length, as jsonb does."""

    def by_length(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(sorted(pairs, key=lambda pair: (len(pair[0]), pair[0])))

    again: dict[str, Any] = json.loads(json.dumps(document), object_pairs_hook=by_length)
    return again


@pytest.mark.parametrize("slug", ["acme", "bradley", "coastal"])
def test_it_says_the_same_in_lines_that_fit(slug: str) -> None:
    document = seed.definition(slug, f"http://{slug}.test")
    text = write(stored(document))
    assert json.loads(text) == document
    assert list(json.loads(text)) == list(document)
    assert max(map(len, text.splitlines())) <= WIDTH + 1


def test_keys_stand_in_the_order_of_the_reference_and_short_parts_on_one_line() -> None:
    rule = {"transform": ["text"], "required": True, "from": [{"attr": "title", "css": "h1"}]}
    text = write({"fields": {"brand": {"from": []}, "name": rule}, "slug": "acme", "schema_version": 1})
    assert text == SMALL


def test_what_it_does_not_know_comes_last_and_is_kept() -> None:
    assert json.loads(write({"later": [1, {"x": None}], "slug": "ü"})) == {"slug": "ü", "later": [1, {"x": None}]}
    assert write({"later": 1, "slug": "ü"}) == '{\n  "slug": "ü",\n  "later": 1\n}'
