"""The jobs' allowed moves. Nothing else happens to a job, and a trigger says so too."""

from runners.protocol.words import JobStatus

OPEN = [status for status in JobStatus if not status.ended]
ENDED = [status for status in JobStatus if status.ended]
MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset({JobStatus.RUNNING, JobStatus.FAILED}),
    JobStatus.RUNNING: frozenset({JobStatus.COMPLETED, JobStatus.FAILED}),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
}
