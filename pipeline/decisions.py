"""What staff decide about a field, as the locked entry of the record that says so. Pure.

A lock also keeps what each source said then (`heard`), so that the page can tell what is new since.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from pipeline.consolidation import evidence, keys, rules
from pipeline.consolidation.evidence import Sources
from pipeline.consolidation.rules import STAFF, Entry
from runners.protocol.fields import Field

LARGEST_PRICE = Decimal(10) ** 10


class UnfitError(ValueError):
    """What was typed or taken cannot be the value of its field; the message is a sentence for staff."""


def take(field: Field, source: str, *, sources: Sources, by: str, at: str, heard: str | None = None) -> Entry:
    """The value that `source` gives.

    Raises UnfitError if it gives none, one that cannot be a GTIN, or another one than the page showed (`heard`).
    """
    said = next((said for said in evidence.candidates(field, sources) if said.source == source), None)
    if said is None:
        raise UnfitError(_("%(source)s no longer gives a value.") % {"source": source})
    if heard not in (None, digest(said.value)):
        raise UnfitError(_("%(source)s says something else by now; look again.") % {"source": source})
    won = {"value": _fit(field, said.value), "source": source, "reason": f"{by} took it from {source}", "at": at}
    return won | _lock(field, sources, by)


def type_in(field: Field, value: object, *, sources: Sources, by: str, at: str) -> Entry:
    """The value as typed and cleaned; nothing at all if nothing is left of it, which clears the field."""
    cleaned = evidence.clean(field, value)
    reason = f"{by} cleared it" if cleaned is None else f"{by} typed it"
    won = {"value": _fit(field, cleaned), "source": STAFF, "reason": reason, "at": at}
    return won | _lock(field, sources, by)


def as_shown(field: Field, value: object, *, sources: Sources, by: str, at: str) -> Entry:
    """The value that stood on the page of the one who approved it, though a source has said something else since."""
    won = {"value": evidence.clean(field, value), "source": STAFF, "reason": f"{by} approved it as shown", "at": at}
    return won | _lock(field, sources, by) | {"by_approval": True}


def approve(record: rules.Record, *, sources: Sources, by: str) -> dict[str, Entry]:
    """`record` with every field locked that is not yet; these locks go when the approval is taken back."""
    return {
        field: entry if entry.get("locked_by") else entry | _lock(Field(field), sources, by) | {"by_approval": True}
        for field, entry in record.items()
    }


def take_back(record: rules.Record) -> dict[str, Entry]:
    """`record` without the locks that approval alone had set: what somebody took, typed or cleared stays."""
    added = {"locked_by", "heard", "by_approval"}
    return {
        field: {name: part for name, part in entry.items() if name not in added} if entry.get("by_approval") else entry
        for field, entry in record.items()
    }


def stamp(entry: Mapping[str, Any] | None) -> str:
    """Names the decision a field stands under, for a page to send back; "" while the rules decide."""
    return f"{entry['locked_by']} {entry['at']}" if entry and entry.get("locked_by") else ""


def digest(value: object) -> str:
    """A short name for what a source says, to tell later whether it still does."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def price(text: str) -> Decimal | None:
    """An amount as typed, in the shop's currency, to the cent; None for nothing. Raises UnfitError."""
    digits = text.strip().lstrip("$").replace(",", "")
    if not digits:
        return None
    try:
        amount = Decimal(digits)
    except InvalidOperation:
        raise UnfitError(_("A price is a number, such as 64.99.")) from None
    if not amount.is_finite() or not 0 <= amount < LARGEST_PRICE:
        raise UnfitError(_("A price is not below 0."))
    if amount != amount.quantize(Decimal("0.01")):
        raise UnfitError(_("A price has at most two decimals."))
    return amount.quantize(Decimal("0.01"))


def _lock(field: Field, sources: Sources, by: str) -> Entry:
    heard = {said.source: digest(said.value) for said in evidence.candidates(field, sources)}
    return {"locked_by": by, "heard": heard}


def _fit(field: Field, value: Any) -> Any:
    """A GTIN that is none would go to shops; anything else that staff decide is theirs to decide."""
    if field is Field.GTIN and value is not None:
        try:
            evidence.key(field, value)
        except keys.UnusableError as flaw:
            said = {"value": value, "flaw": flaw}
            raise UnfitError(_("%(value)s cannot be the GTIN: %(flaw)s.") % said) from None
    return value
