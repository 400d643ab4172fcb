"""The chores of the machine, at their doors."""

from __future__ import annotations

from procrastinate.contrib.django import app

from scraping import retention


@app.periodic(cron="17 3 * * *")
@app.task(name="trim_logs", queueing_lock="trim_logs", lock="trim_logs")
def trim_logs(timestamp: int) -> None:
    """Remove the log lines that are older than anybody will read."""
    retention.work()
