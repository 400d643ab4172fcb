"""Conditions of CHECK constraints, in few words: PostgreSQL reads the text of each anew for each statement."""

import re
from collections.abc import Iterable

from django.db.models import BooleanField, Func, Q


def is_one_of(field: str, words: Iterable[str]) -> Q:
    """The column holds one of `words`, or NULL. As a list this would be three times as long to read."""
    return Q(**{f"{field}__regex": f"^({'|'.join(map(re.escape, words))})$"})


class Same(Func):
    """Whether two conditions are both true or both false; neither may be unknown. Migrations refer to it."""

    template = "((%(expressions)s))"
    arg_joiner = ") = ("
    output_field = BooleanField()
    conditional = True
