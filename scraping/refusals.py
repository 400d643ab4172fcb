"""What the machine says no to, each with the wire's word for it and a sentence."""

from typing import Any


class RefusedError(Exception):
    """A refusal that its reader can act on: `code` for programs, `sentence` for people, `details` for both."""

    code = "refused"
    sentence = "This was refused."

    def __init__(self, sentence: str = "", **details: Any) -> None:
        self.sentence = sentence or self.sentence
        self.details = details
        super().__init__(self.sentence)


class BatchRefusedError(RefusedError):
    """Jobs that could not be made; the sentence is for whoever pressed the button."""

    code = "batch_refused"


class ForeignUnitError(RefusedError):
    """A result for a SKU or a scraper that the job does not have."""

    code = "foreign_unit"


class LogGapError(RefusedError):
    """Numbered lines are missing; `expected` in `details` is where the runner goes on."""

    code = "gap"
    sentence = "Log lines are missing before these."


class UnknownJobError(RefusedError):
    code = "unknown_job"
    sentence = "There is no such job."


class ScraperNotAllowedError(RefusedError):
    code = "scraper_not_allowed"
    sentence = "This key may not use that scraper."


class NoJobError(RefusedError):
    code = "no_job"
    sentence = "Credentials are given only while a running job needs them."


class NoCredentialsError(RefusedError):
    code = "no_credentials"
    sentence = "No credentials are stored for that scraper."


class FenceError(RefusedError):
    """The job is no longer, or never was, this runner's to write to: the runner stops working on it."""


class NotYoursError(FenceError):
    code = "not_yours"
    sentence = "This job is not held by this runner."


class FinishedError(FenceError):
    code = "finished"
    sentence = "This job has ended."


class CancelledError(FenceError):
    code = "cancelled"
    sentence = "This job was cancelled."
