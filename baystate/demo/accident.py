"""One of the demo's runners gets `kill -9` while it works; what became of its job is read from the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from baystate.demo.children import Child, Children
from runners.protocol.words import JobStatus
from scraping.models import ScrapeJob
from scraping.queries import JobRow

ENOUGH = 20  # recorded units: the runner is in the midst of its job


@dataclass
class Accident:
    """Happens once: to the first runner that has recorded something and has more to do."""

    children: Children
    victim: Child | None = None
    job: ScrapeJob | None = None
    at: datetime | None = None

    def look(self, rows: Sequence[JobRow]) -> None:
        """Kill a runner where these jobs, as they are just now, say that one is at work."""
        row = next((row for row in rows if _in_the_midst(row)), None)
        if self.victim is None and row is not None:
            self.job, self.at = row.job, timezone.now()
            self.victim = self.children.kill(f"runner {row.job.runner}")

    def story(self) -> tuple[bool, str]:
        """Whether the job went on with another runner, and all of it in a sentence."""
        if self.victim is None or self.job is None or self.at is None:
            return False, "No runner was killed: none held a job of which it had recorded something and not all."
        killed = f"{self.victim.name} was killed while it held job {self.job.short}"
        heir = ScrapeJob.objects.filter(retry_of=self.job, started_at__isnull=False).select_related("runner").first()
        if heir is None or heir.started_at is None or heir.runner_id == self.job.runner_id:
            return False, f"{killed}; nobody went on with it."
        seconds = (heir.started_at - self.at).total_seconds()
        went_on = f"its {len(heir.skus)} open SKUs went on in job {heir.short} with runner {heir.runner}"
        return True, f"{killed}; {went_on} after {seconds:.0f} s"


def _in_the_midst(row: JobRow) -> bool:
    return row.job.status == JobStatus.RUNNING and row.tally.done >= ENOUGH and row.tally.left > ENOUGH
