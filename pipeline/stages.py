"""The stages of a product and their allowed moves. A trigger keeps the same table in the database."""

from enum import StrEnum


class Stage(StrEnum):
    IMPORTED = "imported"
    ENHANCED = "enhanced"
    CONSOLIDATED = "consolidated"
    APPROVED = "approved"
    PUBLISHED = "published"
    REJECTED = "rejected"


MOVES: dict[Stage, frozenset[Stage]] = {
    Stage.IMPORTED: frozenset({Stage.ENHANCED, Stage.CONSOLIDATED, Stage.REJECTED}),
    Stage.ENHANCED: frozenset({Stage.CONSOLIDATED, Stage.REJECTED}),
    Stage.CONSOLIDATED: frozenset({Stage.APPROVED, Stage.IMPORTED, Stage.REJECTED}),
    Stage.APPROVED: frozenset({Stage.PUBLISHED, Stage.CONSOLIDATED, Stage.REJECTED}),
    Stage.PUBLISHED: frozenset({Stage.CONSOLIDATED}),
    Stage.REJECTED: frozenset({Stage.IMPORTED}),
}

SETTLED = frozenset({Stage.APPROVED, Stage.PUBLISHED, Stage.REJECTED})
"""Stages that no scrape, import or consolidation moves a product out of."""


class IllegalMoveError(Exception):
    """A move that the table does not allow."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(f"a product cannot go from {old} to {new}")
        self.old, self.new = old, new


def check(old: str, new: str) -> None:
    """Raise IllegalMoveError unless a product may go from `old` to `new`."""
    if Stage(new) not in MOVES[Stage(old)]:
        raise IllegalMoveError(old, new)
