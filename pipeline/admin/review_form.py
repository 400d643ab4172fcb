"""What the review page sends back, as changes. The page's names are made in `review/field.html` and `review/page.html`.

For a field `f` that can be changed it sends `f` (as typed), `was-f` (as it stood), `seen-f` (its stamp) and `shown-f`
(its value's digest).
The buttons `take`, `clear`, `release` and `picture` name their field, and win over what is typed in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.http import QueryDict

from pipeline import wording
from pipeline.consolidation import evidence
from pipeline.desk import PRICE, Change
from pipeline.review import Glimpse
from runners.protocol.fields import Field

IMAGES = Field.IMAGES.value
NAMES = [name.value for name in evidence.RECORD]
_MOVES = {"first", "left", "right", "drop", "add"}


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody wants changed, what their page showed otherwise, and the text they typed by field."""

    changes: list[Change]
    shown: dict[str, Glimpse]
    typed: dict[str, str] = field(default_factory=dict)


def read(data: QueryDict) -> Answers:
    """The answers in a posted page. A button that names no field of the record, or no move, is ignored."""
    buttons = {change.field: change for change in _buttons(data)}
    typed = {name: str(data[name]) for name in (PRICE, *NAMES) if name in data and f"was-{name}" in data}
    changed = {name: text for name, text in typed.items() if not wording.same(text, str(data[f"was-{name}"]))}
    changes = [_typed(name, text, data) for name, text in changed.items() if name not in buttons]
    shown = {
        name: Glimpse(data.get(f"shown-{name}", ""), wording.parse(Field(name), data.get(f"was-{name}", "")))
        for name in NAMES
        if f"shown-{name}" in data and name not in changed and name not in buttons
    }
    return Answers([*changes, *buttons.values()], shown, changed)


def _typed(name: str, text: str, data: QueryDict) -> Change:
    value = text if name == PRICE else wording.parse(Field(name), text)
    return Change(name, value, seen=data.get(f"seen-{name}"))


def _buttons(data: QueryDict) -> Iterator[Change]:
    for wanted in data.getlist("take"):
        name, _, source = wanted.partition(":")
        slug, _, heard = source.partition(":")
        if name in NAMES:
            yield Change(name, take=slug, heard=heard, seen=data.get(f"seen-{name}"))
    for wanted in data.getlist("clear"):
        if wanted in NAMES:
            yield Change(wanted, seen=data.get(f"seen-{wanted}"))
    for wanted in data.getlist("release"):
        if wanted in NAMES:
            yield Change(wanted, release=True, seen=data.get(f"seen-{wanted}"))
    move, _, which = data.get("picture", "").partition(":")
    if move in _MOVES:
        yield Change(IMAGES, _moved(move, which, data.get(IMAGES, "").split()), seen=data.get(f"seen-{IMAGES}"))


def _moved(move: str, url: str, urls: list[str]) -> list[str]:
    """The addresses after one of them was moved, taken out or put in."""
    if move == "add":
        return [*urls, url]
    if url not in urls:
        return urls
    at, rest = urls.index(url), [other for other in urls if other != url]
    if move == "drop":
        return rest
    place = {"first": 0, "left": max(0, at - 1), "right": at + 1}[move]
    return [*rest[:place], url, *rest[place:]]
