"""The vocabulary of the wire. Models, API, templates and scripts derive from these words."""

from enum import StrEnum


class JobStatus(StrEnum):
    """Whether the machinery worked; what was found is an Outcome."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in {JobStatus.COMPLETED, JobStatus.FAILED}


class Reason(StrEnum):
    """The finer meaning of a job's ``failed``."""

    ERROR = "error"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    UNACKNOWLEDGED = "unacknowledged"
    TIMEOUT = "timeout"


class Outcome(StrEnum):
    """How a unit (SKU × scraper) ended."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    BLOCKED = "blocked"
    LOGIN_FAILED = "login_failed"
    LAYOUT_CHANGED = "layout_changed"
    NETWORK = "network"
    POLICY_DENIED = "policy_denied"
    RUNNER_ERROR = "runner_error"
    SKIPPED = "skipped"
    UNREPORTED = "unreported"

    @property
    def trouble(self) -> bool:
        """Neither a find nor an honest "the site does not have it"."""
        return self not in {Outcome.FOUND, Outcome.NOT_FOUND}


class RunnerStatus(StrEnum):
    """What a runner says of itself; online and offline are computed from when it last spoke."""

    IDLE = "idle"
    BUSY = "busy"
    POLLING = "polling"
    DRAINING = "draining"


class LogLevel(StrEnum):
    """Levels of a job's log lines; an unknown word folds to info."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @classmethod
    def fold(cls, word: object) -> "LogLevel":
        """Return the level a client meant: any case, ``warn``, ``critical`` and ``fatal`` included."""
        return _LEVELS.get(str(word).strip().lower(), cls.INFO)


_ALIASES = {"warn": LogLevel.WARNING, "critical": LogLevel.ERROR, "fatal": LogLevel.ERROR, "trace": LogLevel.DEBUG}
_LEVELS = {level.value: level for level in LogLevel} | _ALIASES
