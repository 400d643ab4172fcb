"""The runner API's shapes: parsed and checked on both sides, frozen.

Keys that a plain client does not send are optional; unknown keys are ignored.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from runners.protocol.values import (
    AsSaid,
    Fields,
    Json,
    Level,
    Scraped,
    Sometime,
    Text,
    When,
    as_object,
    or_empty,
    spoken,
)
from runners.protocol.words import JobStatus, LogLevel, Outcome, RunnerStatus


class Message(BaseModel):
    """What all messages share: frozen, unknown keys ignored, null as good as nothing where a key may be left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    # keys that a plain client neither sends nor reads
    additions: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, said: object) -> object:
        if not isinstance(said, dict):
            return said
        return {key: value for key, value in said.items() if value is not None or not cls._has_default(key)}

    @classmethod
    def _has_default(cls, key: str) -> bool:
        """Whether the key has a value of its own when it is left out; null is another thing than that value."""
        field = cls.model_fields.get(key)
        return (
            field is not None and not field.is_required() and field.get_default(call_default_factory=True) is not None
        )


# what a runner says


class PollRequest(Message):
    """`POST poll`. A poll without any of these keys is a plain client's."""

    additions = ("job_id", "version", "schema_version", "capabilities", "holding")

    job_id: Text | None = None
    version: Text | None = None
    schema_version: int | None = None
    capabilities: list[Text] | None = None
    holding: list[Text] | None = None

    @property
    def plain(self) -> bool:
        return all(value is None for _key, value in self)


class HeldJob(Message):
    """A job's progress as its runner sees it: units done of total.

    `working` are the scrapers it works with or wants to begin with; the server answers which of them must wait.
    `seq` numbers the beats of a process, so that one that arrives late takes nothing back.
    """

    additions = ("job_id", "step", "done", "total", "working", "seq")

    job_id: Text
    step: Text = ""
    done: int = Field(default=0, ge=0, le=2**31 - 1)
    total: int = Field(default=0, ge=0, le=2**31 - 1)
    working: list[Text] | None = Field(default=None, max_length=1000)
    seq: int | None = Field(default=None, ge=1, le=2**62)


class Heartbeat(Message):
    """`POST heartbeat`: how the runner is, and every job it holds. Memory in MB (10^6 bytes)."""

    additions = ("jobs", "draining", "disk_full")

    status: RunnerStatus = RunnerStatus.IDLE
    current_job_id: Text | None = None
    jobs_completed: int | None = Field(default=None, ge=0, le=2**31 - 1)
    memory_usage_mb: float | None = Field(default=None, ge=0, le=10**9, allow_inf_nan=False)
    jobs: list[HeldJob] | None = None
    draining: bool = False
    disk_full: bool = False


class LogLine(Message):
    """One line of a job's log. `seq` is the runner's own number; the server gives positions."""

    additions = ("seq", "through", "scraper", "sku")

    level: Level = LogLevel.INFO
    message: Text = ""
    timestamp: AsSaid = None
    seq: int | None = Field(default=None, ge=1, le=2**62)
    through: int | None = Field(default=None, ge=1, le=2**62)
    scraper: Text | None = None
    sku: Text | None = None


class LogsRequest(Message):
    """`POST logs`: lines of one job, oldest first."""

    job_id: Text
    logs: list[LogLine] = Field(max_length=10_000)


class UnitItem(Message):
    """How one unit (SKU × scraper) ended, and what was read there."""

    additions = ("sku", "scraper", "outcome", "fields", "others", "url", "milliseconds", "scraped_at", "message")

    sku: Text
    scraper: Text
    outcome: Outcome
    fields: Fields = Field(default_factory=dict)
    others: Fields = Field(default_factory=dict)
    url: Text | None = None
    milliseconds: int | None = Field(default=None, ge=0, le=2**31 - 1)
    scraped_at: Sometime = None
    message: Text = ""


class FlatResults(Message):
    """The plain clients' form of results: `data` is {sku: {scraper: {field: value}}}."""

    skus_processed: Json = None
    scrapers_run: Json = None
    data: Annotated[dict[Text, Scraped], BeforeValidator(or_empty)] = Field(default_factory=dict)


class CallbackResults(FlatResults):
    """Results in either form."""

    additions = ("items",)

    items: list[UnitItem] | None = None


class Callback(Message):
    """`POST callback`: `running` records and goes on, `completed` and `failed` end the job."""

    additions = ("reason",)

    job_id: Text
    status: Annotated[JobStatus, AfterValidator(spoken)]
    error_message: Text | None = None
    reason: Text | None = None
    results: Annotated[CallbackResults | None, BeforeValidator(as_object)] = None


# what the server answers


class ScraperOffer(Message):
    """One scraper of a job: the flat keys for plain clients, the whole definition for ours."""

    additions = ("definition", "version", "max_parallel_jobs")

    name: str
    display_name: str = ""
    disabled: bool = False
    base_url: str = ""
    search_url_template: str = ""
    selectors: list[dict[str, JsonValue]] = Field(default_factory=list)
    options: dict[str, JsonValue] = Field(default_factory=dict)
    test_skus: list[str] = Field(default_factory=list)
    definition: dict[str, JsonValue] | None = None
    version: int | None = None
    max_parallel_jobs: int | None = None


class JobOffer(Message):
    """A claimed job. Durations are seconds; `done` holds the units recorded, `logged` is the last line stored.

    `beats` is the highest number of a beat about it that was heard. Whoever goes on with the job numbers its own well
    above that, so that none which its process before sent and which arrives late counts as new.
    """

    additions = ("lease_seconds", "heartbeat_seconds", "acknowledge_seconds", "beats", "done", "logged", "context")

    job_id: str
    skus: list[str]
    test_mode: bool = False
    max_workers: int = 3
    scrapers: list[ScraperOffer]
    lease_seconds: float = 45
    heartbeat_seconds: float = 10
    acknowledge_seconds: float = 15
    beats: int = 0
    done: list[tuple[str, str]] = Field(default_factory=list)
    logged: int | None = None
    context: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)


class PollAnswer(Message):
    """`{"job": null}` when there is nothing to do."""

    additions = ("held",)

    job: JobOffer | None = None
    held: dict[str, str] | None = None


class HeartbeatAnswer(Message):
    """Per held job: ok, cancel or lost; `wait` has the scrapers a job must not begin with yet, for their limit."""

    additions = ("jobs", "wait", "heartbeat_seconds")

    acknowledged: bool = True
    timestamp: When
    jobs: dict[str, str] = Field(default_factory=dict)
    wait: dict[str, list[str]] | None = None
    heartbeat_seconds: float = 10


class LogsAnswer(Message):
    """`acked` is the highest runner number stored."""

    additions = ("acked", "truncated")

    success: bool = True
    count: int
    acked: int | None = None
    truncated: bool | None = None


class CallbackAnswer(Message):
    """`recorded` counts units stored now, `remaining` open units of the root."""

    additions = ("recorded", "remaining", "cancel")

    success: Literal[True]
    recorded: int = 0
    remaining: int = 0
    cancel: bool | None = None


class ErrorAnswer(Message):
    """The one shape of every error."""

    error: str
    code: str
    details: dict[str, JsonValue] = Field(default_factory=dict)
