"""How the protocol machine draws what happens next: every act is possible in every example.

Hypothesis leaves most of many rules out of an example, which finds faults of one rule; ours take several.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st

Act = TypeVar("Act", bound=Callable[..., None])
PAIR = "pair"
_DRAWS: dict[str, dict[str, st.SearchStrategy[Any]]] = {}
_NAMES: list[str] = []


def act(*, weight: int = 1, **draws: st.SearchStrategy[Any]) -> Callable[[Act], Act]:
    """A method of the machine that may happen, `weight` times as often as others, with what is drawn for it."""

    def note(method: Act) -> Act:
        _DRAWS[method.__name__] = draws
        _NAMES.extend([method.__name__] * weight)
        return method

    return note


def holder(*, weight: int = 7, **draws: st.SearchStrategy[Any]) -> Callable[[Act], Act]:
    """An act of a worker with a job that it believes to hold: both are its first arguments."""
    return act(weight=weight, **{PAIR: st.integers(0, 11)}, **draws)


def happen(machine: Any, data: st.DataObject) -> None:
    """Draw one act and what it needs, and let it happen; nothing happens where nobody holds a job to act on."""
    name = data.draw(st.sampled_from(_NAMES), label="act")
    drawn = {word: data.draw(strategy, label=word) for word, strategy in _DRAWS[name].items()}
    if PAIR not in drawn:
        getattr(machine, name)(**drawn)
    elif pair := machine.pick(drawn.pop(PAIR)):
        getattr(machine, name)(*pair, **drawn)
