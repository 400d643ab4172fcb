"""Why a unit ends before its page could be read."""

from runners.protocol.words import Outcome


class Trouble(Exception):  # noqa: N818
    """A unit ends here: its outcome, and one sentence for the people who read the log."""

    def __init__(self, outcome: Outcome, sentence: str) -> None:
        super().__init__(sentence)
        self.outcome = outcome
        self.sentence = sentence


class Again(Trouble):
    """Trouble that may pass: worth another try. `wait` is the seconds the site asked for, if it did."""

    def __init__(self, outcome: Outcome, sentence: str, *, wait: float | None = None) -> None:
        super().__init__(outcome, sentence)
        self.wait = wait
