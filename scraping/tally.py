"""Counts units by what became of them."""

from collections import Counter
from dataclasses import dataclass, field

from runners.protocol.words import Outcome

UNASKED = [Outcome.SKIPPED, Outcome.UNREPORTED]  # outcomes that say nothing about the site


@dataclass(frozen=True)
class Tally:
    """Units of a job by what became of them. `total` counts the units it was to look up; `before` those of its SKUs
    that jobs earlier in its chain had recorded already, so that the jobs of a chain add up.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    total: int = 0
    before: int = 0

    @property
    def found(self) -> int:
        return self.outcomes[Outcome.FOUND]

    @property
    def not_found(self) -> int:
        return self.outcomes[Outcome.NOT_FOUND]

    @property
    def skipped(self) -> int:
        """Units that nobody looked up because somebody cancelled the job."""
        return self.outcomes[Outcome.SKIPPED]

    @property
    def trouble(self) -> int:
        return sum(count for _word, count in self.troubles)

    @property
    def troubles(self) -> list[tuple[str, int]]:
        """What the trouble was, by outcome, the most frequent first."""
        troubles = [(word, count) for word, count in self.outcomes.most_common() if Outcome(word).trouble]
        return [(word, count) for word, count in troubles if word != Outcome.SKIPPED]

    @property
    def retriable(self) -> int:
        return self.trouble + self.skipped

    @property
    def looked_up(self) -> int:
        """Units that somebody worked on."""
        return self.done - sum(self.outcomes[word] for word in UNASKED)

    @property
    def done(self) -> int:
        return sum(self.outcomes.values())

    @property
    def left(self) -> int:
        return max(0, self.total - self.done)

    def _share(self, count: int) -> float:
        return round(100 * count / max(1, self.total), 2)

    @property
    def bars(self) -> list[tuple[str, float, float]]:
        """Class, start and width in percent of the three stretches of a progress bar."""
        found, none = self._share(self.found), self._share(self.not_found)
        return [("ok", 0, found), ("none", found, none), ("bad", found + none, self._share(self.trouble))]
