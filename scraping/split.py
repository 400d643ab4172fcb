"""Deals SKUs out to jobs, one each in turn, like cards."""

from collections.abc import Sequence


def deal(skus: Sequence[str], *, hands: int) -> list[list[str]]:
    """Deal `skus` round-robin into at most `hands` hands, none of them empty: 10 over 3 → 4, 3, 3; 2 over 3 → 1, 1.

    The order of `skus` is kept within each hand. Raises ValueError when there is nobody to deal to.
    """
    if hands < 1:
        raise ValueError(f"{hands} hands to deal to: at least 1 is needed")
    used = min(hands, len(skus))
    return [list(skus[hand::used]) for hand in range(used)]
