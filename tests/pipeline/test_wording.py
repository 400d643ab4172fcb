"""A value as text in a form, and back."""

from typing import Any

import pytest

from pipeline import wording
from pipeline.consolidation import evidence
from runners.protocol.fields import Field

ATTRIBUTES = {"Flavor": "Chicken", "Ratio": "3:1"}


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        (Field.NAME, "Gold Chicken", "Gold Chicken"),
        (Field.CATEGORIES, ["Dog", "Food"], "Dog\nFood"),
        (Field.ATTRIBUTES, ATTRIBUTES, "Flavor: Chicken\nRatio: 3:1"),
        (Field.BRAND, None, ""),
        (Field.IMAGES, None, ""),
    ],
)
def test_a_value_comes_back_as_it_was(field: Field, value: Any, text: str) -> None:
    assert wording.text(value) == text
    assert evidence.clean(field, wording.parse(field, text.replace("\n", "\r\n"))) == value


def test_line_ends_and_space_around_are_no_change() -> None:
    assert wording.same("one\r\ntwo\r\n", " one\n\ntwo ")
    assert not wording.same("one\ntwo", "two\none")
