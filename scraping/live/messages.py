"""What a socket may say, and the shapes that are said to it. docs/live.md lists them all."""

import json
from enum import IntEnum, StrEnum
from typing import NamedTuple, Self
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

_LAST = 2**31 - 1  # of the column


class Kind(StrEnum):
    """What can be watched."""

    JOB = "job"
    OPERATIONS = "operations"
    BANNER = "banner"


class Place(NamedTuple):
    """One thing that a socket watches; only jobs have an id."""

    kind: Kind
    job: UUID | None = None

    def told(self) -> dict[str, object]:
        told: dict[str, object] = {"watch": self.kind.value}
        return told | {"id": str(self.job)} if self.job else told


class Named(BaseModel):
    """`{"watch", "id"?}`."""

    model_config = ConfigDict(strict=True)

    watch: Kind
    id: UUID | None = None

    @model_validator(mode="after")
    def _only_jobs_have_an_id(self) -> Self:
        if (self.watch == Kind.JOB) != (self.id is not None):
            raise ValueError("a job has an id, and nothing else has")
        return self

    @property
    def place(self) -> Place:
        return Place(self.watch, self.id)


class Said(BaseModel):
    """One message of a client: exactly one of `watch` alone, `unwatch`, `seen` and `ping`. Raises ValidationError."""

    model_config = ConfigDict(strict=True)

    watch: Kind | None = None
    id: UUID | None = None
    after: NonNegativeInt = Field(default=0, le=_LAST)
    unwatch: Named | None = None
    seen: NonNegativeInt | None = Field(default=None, le=_LAST)
    ping: NonNegativeInt | None = Field(default=None, le=_LAST)

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.watch is None and self.id is not None:
            self.watch = Kind.JOB
        named = self.watch is not None
        if [self.unwatch is not None, self.ping is not None, named].count(True) != 1:
            raise ValueError("exactly one of watch, unwatch and ping")
        if named:
            Named(watch=self.place.kind, id=self.id)
        elif self.seen is not None:
            raise ValueError("seen of what?")
        return self

    @property
    def place(self) -> Place:
        """What `watch` names. Raises AssertionError where it names nothing."""
        assert self.watch is not None, "only asked of messages that watch"
        return Place(self.watch, self.id)


class Code(StrEnum):
    """Of errors."""

    MALFORMED = "malformed"
    NOT_ALLOWED = "not_allowed"
    UNKNOWN_JOB = "unknown_job"
    TOO_MANY_WATCHES = "too_many_watches"


class Close(IntEnum):
    """Why a socket was closed, in the range that is free for applications."""

    MALFORMED = 4400
    LOGGED_OUT = 4401
    NOT_ALLOWED = 4403
    TOO_MANY = 4429  # sockets, or messages


SENTENCES = {
    Code.MALFORMED: _("This message is none of those that are known here."),
    Code.NOT_ALLOWED: _("The permission to view operations is missing."),
    Code.UNKNOWN_JOB: _("There is no such job."),
    Code.TOO_MANY_WATCHES: _("So many things cannot be watched at once."),
}


def text(kind: str, **keys: object) -> str:
    """A message of a type, as it is sent."""
    return json.dumps({"type": kind, **keys}, ensure_ascii=False)


def error(code: Code, place: Place | None = None) -> str:
    return text("error", **(place.told() if place else {}), code=code.value, error=str(SENTENCES[code]))
