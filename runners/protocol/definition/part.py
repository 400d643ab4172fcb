"""The ground of every part of a definition: frozen, unknown keys refused, one choice among several kinds."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, validate_by_alias=True, validate_by_name=True
    )

    def one_of(self, names: Iterable[str]) -> str:
        """The one of `names` that is set. Raises ValueError unless it is exactly one."""
        kinds = list(names)
        given = [name for name in kinds if getattr(self, _attribute(name)) is not None]
        if len(given) != 1:
            has = " and ".join(given) or "none of them"
            raise ValueError(f"write exactly one of {', '.join(kinds)}; this has {has}")
        return given[0]

    def held_by(self, key: str) -> Any:
        """What the document wrote under `key`."""
        return getattr(self, _attribute(key))


def _attribute(key: str) -> str:
    """`json` and `from` are taken as attribute names; they end in an underscore."""
    return f"{key}_" if key in {"json", "from"} else key


def exactly_one(*names: str) -> dict[str, Any]:
    """JSON Schema for "exactly one of these keys"."""
    return {"oneOf": [{"required": [name]} for name in names]}
