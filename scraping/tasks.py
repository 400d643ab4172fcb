"""The machine's chores' doors. Each may be lost, repeated or cut off: the tables say what is left to do."""

from __future__ import annotations

from procrastinate.contrib.django import app

from scraping import alerts, retention


@app.periodic(cron="* * * * *")
@app.task(name="announce_alerts", queueing_lock="announce_alerts", lock="announce_alerts")
def announce_alerts(timestamp: int) -> None:
    """Tell by mail or webhook what began to need attention and what is over."""
    alerts.work()


@app.periodic(cron="17 3 * * *")
@app.task(name="trim_logs", queueing_lock="trim_logs", lock="trim_logs")
def trim_logs(timestamp: int) -> None:
    """Remove the log lines that are older than anybody will read."""
    retention.work()
