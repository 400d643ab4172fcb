"""Which value wins: the golden record from what the sources say. Pure: the order of the input never matters.

A field's valid candidates are grouped by key; the group most sources stand behind wins, a tie goes to the group with
the most trusted source, then to the first by slug. The winner is written as its most trusted source writes it. Pictures
and attributes are not voted on but joined, the most trusted source's first. The till's name is the name only if nobody
else gives one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.consolidation import evidence, keys
from pipeline.consolidation.evidence import Candidate, Sources
from runners.protocol.fields import Field

SPREADSHEET = "spreadsheet"
STAFF = "staff"
JOINED = (Field.IMAGES, Field.ATTRIBUTES)
_SHORT = 40

Entry = dict[str, Any]
Record = Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Decision:
    """The value that won a field, who gave it, why in one sentence, and whether valid candidates contradict each other.

    `origins` names for each item of a joined list the source it came from.
    """

    value: Any
    source: str
    reason: str
    conflict: bool = False
    origins: tuple[str, ...] = ()

    def entry(self) -> Entry:
        """As the record stores it, without the time."""
        entry = {"value": self.value, "source": self.source, "reason": self.reason}
        if self.conflict:
            entry["conflict"] = True
        if self.origins:
            entry["origins"] = list(self.origins)
        return entry


def golden_record(sources: Sources, *, trust: Mapping[str, int], register_name: str) -> dict[str, Decision]:
    """A decision for each field somebody speaks about; `trust` is 0–100 by slug, an unknown scraper has none."""
    record = {}
    for field in evidence.RECORD:
        decision = decide(field, evidence.candidates(field, sources), trust=trust)
        if decision is None and field is Field.NAME:
            decision = Decision(register_name, SPREADSHEET, "only the till gives a name")
        if decision is not None:
            record[field.value] = decision
    return record


def decide(field: Field, candidates: Sequence[Candidate], *, trust: Mapping[str, int]) -> Decision | None:
    """The winner among one field's candidates, or None if none of them counts."""
    ranked = sorted(candidates, key=lambda said: (-trust.get(said.source, 0), said.source))
    valid = [said for said in ranked if not said.flaw]
    if not valid:
        return None
    if field in JOINED:
        return _join(field, valid)
    return _vote(field, valid, trust, flawed=len(valid) < len(ranked))


def settle(decisions: Mapping[str, Decision], previous: Record, *, at: str) -> dict[str, Entry]:
    """The record after `decisions`: locked fields stay, unchanged ones keep their time, the others get `at`."""
    record = {field: entry for field, entry in previous.items() if entry.get("locked_by")}
    for field, decision in decisions.items():
        if field in record:
            continue
        old, new = previous.get(field, {}), decision.entry()
        same = new == {name: part for name, part in old.items() if name != "at"}
        record[field] = new | {"at": old["at"] if same and "at" in old else at}
    return record


def _vote(field: Field, ranked: Sequence[Candidate], trust: Mapping[str, int], *, flawed: bool) -> Decision:
    groups: dict[str, list[Candidate]] = {}
    for said in ranked:
        groups.setdefault(said.key, []).append(said)
    winners = max(groups.values(), key=len)  # the first of equals, and groups stand in the order of their best source
    losers = [group for group in groups.values() if group is not winners]
    conflict = evidence.kind(field).contested and bool(losers)
    return Decision(winners[0].value, winners[0].source, _reason(winners, losers, trust, flawed=flawed), conflict)


def _reason(winners: list[Candidate], losers: list[list[Candidate]], trust: Mapping[str, int], *, flawed: bool) -> str:
    total = len(winners) + sum(map(len, losers))
    first = winners[0].source
    if total == 1:
        return f"only {first} gives one that counts" if flawed else f"only {first} gives one"
    rivals = [group for group in losers if len(group) == len(winners)]
    if rivals:
        return _tie(winners, rivals, total, trust)
    if len(winners) == 2 and total - len(winners) <= 1:
        other = losers[0][0] if losers else None
        told = f"; {other.source} says {other.value}" if other and len(str(other.value)) <= _SHORT else ""
        if other is None or told:
            return f"{first} and {winners[1].source} agree{told}"
    return f"{len(winners)} of {total} sources agree"


def _tie(winners: list[Candidate], rivals: list[list[Candidate]], total: int, trust: Mapping[str, int]) -> str:
    first, rival = winners[0].source, rivals[0][0].source
    apart = f"{first} and {rival} disagree" if total == 2 else f"{total} sources disagree"
    if trust.get(first, 0) > trust.get(rival, 0):
        return f"{apart}; {first} is trusted {'more' if total == 2 else 'most'}"
    return f"{apart} and are trusted alike; {first} comes first"


def _join(field: Field, ranked: Sequence[Candidate]) -> Decision:
    """Every item once, as its most trusted source gives it, in that order."""
    seen: dict[str, tuple[str, Any]] = {}
    for said in ranked:
        items = said.value.items() if isinstance(said.value, dict) else ((part, part) for part in said.value)
        for name, item in items:
            seen.setdefault(name if field is Field.IMAGES else keys.text(name), (said.source, (name, item)))
    origins = tuple(source for source, _ in seen.values())
    givers = list(dict.fromkeys(origins))
    reason = f"only {givers[0]} gives any" if len(ranked) == 1 else _counts(origins, givers)
    joined = [item for _, item in seen.values()]
    if field is Field.ATTRIBUTES:
        return Decision(dict(joined), givers[0], reason)
    return Decision([part for _, part in joined], givers[0], reason, origins=origins)


def _counts(origins: Sequence[str], givers: Sequence[str]) -> str:
    return ", ".join(f"{origins.count(giver)} from {giver}" for giver in givers)
