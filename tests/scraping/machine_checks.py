"""What must be true of the tables after every step of the protocol machine, whoever did what before."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Model

from runners.protocol import step
from scraping.models import ScrapeBatch, ScrapeJob, ScrapeJobLog, ScrapeResult

Row = dict[str, Any]
OPEN = {"pending", "running"}
MOVES = {("pending", "running"), ("running", "completed"), ("running", "failed"), ("pending", "failed")}


def _rows(model: type[Model]) -> dict[Any, Row]:
    return {row["id"]: row for row in model._default_manager.order_by("id").values()}


@dataclass(frozen=True)
class State:
    """Every row of the machine's tables; two that are equal differ in no byte."""

    jobs: dict[UUID, Row]
    results: dict[int, Row]
    lines: dict[int, Row]
    batches: dict[UUID, Row]

    @classmethod
    def now(cls) -> "State":
        return cls(_rows(ScrapeJob), _rows(ScrapeResult), _rows(ScrapeJobLog), _rows(ScrapeBatch))

    def units(self, root: UUID) -> set[tuple[str, str]]:
        return {(row["sku"], row["scraper"]) for row in self.results.values() if row["root_id"] == root}

    def chain(self, root: UUID) -> list[Row]:
        return [job for job in self.jobs.values() if job["root_id"] == root]

    def open_jobs(self) -> list[Row]:
        return [job for job in self.jobs.values() if job["status"] in OPEN]

    def open_units(self, job: Row) -> list[tuple[str, str]]:
        known = self.units(job["root_id"])
        return [(sku, slug) for sku in job["skus"] for slug in job["scrapers"] if (sku, slug) not in known]


def check(before: State, after: State) -> None:
    """Everything that must hold between two states and in the later one."""
    check_state(after)
    _moves(before, after)
    _results_stay(before, after)
    assert before.lines.items() <= after.lines.items(), "a stored line changed"
    for key in after.jobs.keys() - before.jobs.keys():
        _born(before, after, after.jobs[key])
    for key, job in after.jobs.items():
        if job["status"] == "failed" and before.jobs.get(key, {}).get("status") in OPEN:
            _goes_on(before, after, job)


def check_state(state: State) -> None:
    """What must hold in every state, however it came about."""
    _logs(state)
    _batches(state)
    for root in {job["root_id"] for job in state.jobs.values()}:
        _chain(state, root)


def _moves(before: State, after: State) -> None:
    assert before.jobs.keys() <= after.jobs.keys()
    for key, old in before.jobs.items():
        new = after.jobs[key]
        if old["status"] not in OPEN:
            assert new == old, "a finished row changed"
        if old["status"] != new["status"]:
            assert (old["status"], new["status"]) in MOVES
        if old["runner_id"]:
            fixed = ("runner_id", "started_at", "versions", "acknowledge_by", "skus", "scrapers")
            assert {name: old[name] for name in fixed} == {name: new[name] for name in fixed}, "claimed twice"
        assert new["log_head"] >= old["log_head"]
        assert new["done"] >= old["done"] or new["status"] not in OPEN
        assert new["done"] <= new["total"]


def _results_stay(before: State, after: State) -> None:
    for key, old in before.results.items():
        new = after.results[key]
        fillable = {"fields", "raw", "url", "outcome"}
        assert {k: v for k, v in new.items() if k not in fillable} == {
            k: v for k, v in old.items() if k not in fillable
        }
        assert old["fields"].items() <= new["fields"].items(), "a recorded value was dropped"
        assert new["outcome"] in {old["outcome"], "found"}


def _logs(after: State) -> None:
    by_job = defaultdict(list)
    for line in after.lines.values():
        by_job[line["job_id"]].append(line)
    for key, job in after.jobs.items():
        lines = sorted(by_job[key], key=lambda line: line["position"])
        assert [line["position"] for line in lines] == list(range(1, job["log_head"] + 1))
        assert Counter(line["level"] for line in lines) == Counter(job["log_counts"])
        _numbered(job, [line for line in lines if line["seq"] is not None])
        plain = Counter(line["message"] for line in lines if line["message"].startswith("plain "))
        assert not plain or max(plain.values()) == 1, "a repeated post was stored twice"


def _numbered(job: Row, lines: list[Row]) -> None:
    """Each of the runner's numbers is covered once, in order, by the line that it was given to."""
    last = 0
    for line in lines:
        assert line["seq"] == last + 1, "a numbered line is missing, doubled or out of order"
        last = max(line["seq"], line["through"] or 0)
        if line["through"] is None:
            assert line["message"] == f"line {line['seq']}"
    assert job["log_seq"] == last


def _batches(after: State) -> None:
    for key, batch in after.batches.items():
        jobs = [job for job in after.jobs.values() if job["batch_id"] == key and job["retry_of_id"] is None]
        skus = [sku for job in jobs for sku in job["skus"]]
        assert not jobs or (len(skus) == len(set(skus)) == batch["sku_count"])


def _chain(after: State, root: UUID) -> None:
    first, chain = after.jobs[root], after.chain(root)
    wanted = {(sku, slug) for sku in first["skus"] for slug in first["scrapers"]}
    units = after.units(root)
    alive = [job for job in chain if job["status"] in OPEN]
    assert units <= wanted
    assert len(alive) <= 1, "two open jobs of one chain"
    assert len(chain) <= settings.MAX_CHAIN
    assert all(1 <= job["attempt"] <= settings.MAX_ATTEMPTS for job in chain)
    if alive:
        assert set(after.open_units(alive[0])) == wanted - units, "units that nobody has"
        assert alive[0]["done"] <= alive[0]["total"]
    else:
        assert units == wanted, "a chain ended with open units"


def _born(before: State, after: State, job: Row) -> None:
    assert job["status"] == "pending"
    if job["root_id"] == job["id"]:
        return
    lost = after.jobs[job["retry_of_id"]]
    assert lost["status"] == "failed"
    assert before.jobs[lost["id"]]["status"] == "running"
    left = {sku for sku, _slug in after.open_units(after.jobs[job["root_id"]])}
    assert set(job["skus"]) == left, "a successor has not the SKUs with open units"
    assert len(job["skus"]) == len(left)
    assert job["scrapers"] == lost["scrapers"]
    last = _in_hand(before, after, lost)
    expected = [sku for sku in lost["skus"] if sku in left and sku != last] + [last] * (last in left)
    assert job["skus"] == expected, "the SKU in hand comes last"
    _attempt(after, lost, job)


def _in_hand(before: State, after: State, lost: Row) -> str | None:
    said = step.read(lost["step"])
    if said and said[1] in lost["skus"] and (said[1], said[0]) not in after.units(lost["root_id"]):
        return said[1]
    lines = [line for line in after.lines.values() if line["job_id"] == lost["id"] and line["sku"]]
    return max(lines, key=lambda line: line["position"])["sku"] if lines else None


def _handed_back(job: Row) -> bool:
    """By its runner in good order, or by staff who revoked its key."""
    return job["reason"] == "interrupted" and (bool(job["final_digest"]) or job["error"].startswith("The key "))


def _got_on(after: State, job: Row) -> bool:
    return any(row["job_id"] == job["id"] for row in after.results.values() if row["outcome"] != "unreported")


def _next_attempt(after: State, job: Row) -> int:
    if _got_on(after, job):
        return 1
    free = _handed_back(job) or job["reason"] == "unacknowledged"
    return int(job["attempt"]) + (0 if free else 1)


def _attempt(after: State, lost: Row, job: Row) -> None:
    assert job["attempt"] == _next_attempt(after, lost)
    wait = job["run_after"] - lost["completed_at"]
    longest = 0 if _handed_back(lost) else settings.RETRY_SECONDS * 4 ** max(0, job["attempt"] - 2)
    assert timedelta() <= wait <= timedelta(seconds=longest)


def _goes_on(before: State, after: State, job: Row) -> None:
    """A job that failed has a successor for what was open, unless it was cancelled or the chain is at its end."""
    if any(other["retry_of_id"] == job["id"] and other["root_id"] == job["root_id"] for other in after.jobs.values()):
        assert job["reason"] != "cancelled"
        return
    closed = [row for key, row in after.results.items() if row["job_id"] == job["id"] and key not in before.results]
    closed = [row for row in closed if row["outcome"] in {"unreported", "skipped"}]
    if job["reason"] == "cancelled":
        assert {row["outcome"] for row in closed} <= {"skipped"}
    elif closed:
        spent = _next_attempt(after, job) > settings.MAX_ATTEMPTS
        assert spent or len(after.chain(job["root_id"])) >= settings.MAX_CHAIN


def only_touched(before: State, after: State, *, runner: UUID, job_ids: Iterable[UUID]) -> None:
    """A runner's message changed no row of a job that is not its own, and none that it did not speak of."""
    named = set(job_ids)
    for key, old in before.jobs.items():
        new = after.jobs[key]
        if new != old:
            assert new["runner_id"] == runner, "a job of another runner was written"
            assert key in named or (old["status"] == "pending" and new["status"] == "running")
    for number, row in after.results.items():
        if row != before.results.get(number):
            assert after.jobs[row["job_id"]]["runner_id"] == runner
    for number, line in after.lines.items():
        assert number in before.lines or line["job_id"] in named
