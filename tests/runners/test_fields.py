"""The fields' names and cardinalities."""

import pytest

from runners.protocol.fields import Field, adapt, fold, rest


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("title", Field.NAME),
        ("Image URLs", Field.IMAGES),
        ("imageUrl", Field.IMAGES),
        ("UOM", Field.UNIT_OF_MEASURE),
        ("price", Field.PRICE),
        ("ratings", None),
    ],
)
def test_it_folds_names_to_ours(name: str, field: Field | None) -> None:
    assert fold(name) is field


@pytest.mark.parametrize(
    ("field", "value", "adapted"),
    [
        (Field.NAME, ["a", "b"], "a"),
        (Field.NAME, [], None),
        (Field.NAME, "a", "a"),
        (Field.IMAGES, "a", ["a"]),
        (Field.IMAGES, None, []),
        (Field.ATTRIBUTES, {"a": "b"}, {"a": "b"}),
        (Field.ATTRIBUTES, [{"name": "a", "value": "b"}, 5], {"a": "b"}),
    ],
)
def test_it_adapts_a_value_to_its_cardinality(field: Field, value: object, adapted: object) -> None:
    assert adapt(field, value) == adapted


def test_what_is_left_out_is_told() -> None:
    assert rest("name", ["a", "b", "c"]) == ["b", "c"]
    assert rest("images", ["a", "b"]) == []
