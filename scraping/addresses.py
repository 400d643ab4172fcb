"""Addresses of admin pages: Django's resolver is asked once for each kind, for it takes longer than a table's row."""

from functools import cache
from uuid import UUID

from django.urls import get_script_prefix, reverse

# stands in the address that is kept, and is replaced by the key that is asked for
_SAMPLE = UUID(int=2**128 - 4711)


def page(name: str, key: UUID) -> str:
    """The address of the admin page `name` for the row with this key."""
    return _kept(name, get_script_prefix()).replace(str(_SAMPLE), str(key))


@cache
def _kept(name: str, prefix: str) -> str:
    return reverse(f"admin:{name}", args=[_SAMPLE])
