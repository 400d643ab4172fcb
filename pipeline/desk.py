"""One person's changes to the fields of one product, written where nobody was faster."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.utils.formats import localize
from django.utils.translation import gettext as _

from pipeline import decisions, history
from pipeline.consolidation import consolidate
from pipeline.consolidation.rules import Entry
from pipeline.models import Product, ProductEvent
from runners.protocol.fields import Field

PRICE = "price"


@dataclass(frozen=True, slots=True)
class Change:
    """One field as somebody wants it: `take` from a source, `release` to the rules, or else `value`, empty to clear.

    `seen` is the stamp of the field on the page that is being saved, `heard` the digest of what the source said there;
    without a page they are None and nothing is refused.
    """

    field: str
    value: Any = None
    take: str = ""
    release: bool = False
    seen: str | None = None
    heard: str | None = None


class Desk:
    """One person's changes to one product."""

    def __init__(self, product: Product, by: User, now: datetime) -> None:
        self.product, self.by, self.now = product, by, now
        self.written: list[str] = []
        self.refused: dict[str, str] = {}
        self.events: list[ProductEvent] = []

    def decide(self, change: Change) -> None:
        try:
            if change.field == PRICE:
                self._price(change)
            else:
                self._field(Field(change.field), change)
        except decisions.UnfitError as problem:
            self.refused[change.field] = str(problem)

    def _field(self, field: Field, change: Change) -> None:
        old, new = self.product.consolidated.get(field.value), self._entry(field, change)
        decided = decisions.stamp(old)
        if old and decided and new and new.get("locked_by") and new["value"] == old["value"]:
            return
        if old and decided and change.seen not in (None, decided):
            self.refused[field.value] = _theirs(self.product, field.value, old["value"])
            return
        record = {name: entry for name, entry in self.product.consolidated.items() if name != field.value}
        self.product.consolidated = record | ({field.value: new} if new else {})
        # the event says who by itself
        why = str((new or {}).get("reason", "")).removeprefix(f"{self.by.get_username()} ")
        why = _("left to the sources again") if change.release else why
        self._note(field.value, old=old and old["value"], new=new and new["value"], why=why)

    def _entry(self, field: Field, change: Change) -> Entry | None:
        at, by, sources = self.now.isoformat(), self.by.get_username(), self.product.sources
        if change.release:
            kept = {name: entry for name, entry in self.product.consolidated.items() if name != field.value}
            return consolidate.decided(self.product, kept, now=self.now).get(field.value)
        if change.take:
            return decisions.take(field, change.take, sources=sources, by=by, at=at, heard=change.heard)
        return decisions.type_in(field, change.value, sources=sources, by=by, at=at)

    def _price(self, change: Change) -> None:
        new, old = decisions.price(str(change.value or "")), self.product.target_price
        if new == old:
            return
        if change.seen not in (None, stamp(self.product, PRICE)):
            self.refused[PRICE] = _theirs(self.product, "target_price", old)
            return
        self.product.target_price = new
        self._note("target_price", old=_text(old), new=_text(new), why=_("typed it"))

    def _note(self, field: str, *, old: Any, new: Any, why: str) -> None:
        self.written.append(PRICE if field == "target_price" else field)
        self.events.append(history.event(self.product, self.by, field, old=old, new=new, why=why))


def stamp(product: Product, field: str) -> str:
    """What a page sends back with a field, so that a save can tell whether somebody changed it meanwhile."""
    if field == PRICE:
        return _text(product.target_price) or ""
    return decisions.stamp(product.consolidated.get(field))


def _theirs(product: Product, field: str, value: Any) -> str:
    said = {"who": history.last(product, field), "value": "—" if value in (None, "", []) else localize(value)}
    return (
        _("Changed after your page was loaded, by %(who)s: “%(value)s”. Save again to put yours in its place.") % said
    )


def _text(price: Decimal | None) -> str | None:
    return None if price is None else str(price)
