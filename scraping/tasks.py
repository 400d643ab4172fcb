"""The machine's chores' doors. Each may be lost, repeated or cut off: the tables say what is left to do."""

from __future__ import annotations

from procrastinate.contrib.django import app

from scraping import alerts


@app.periodic(cron="* * * * *")
@app.task(name="announce_alerts", queueing_lock="announce_alerts", lock="announce_alerts")
def announce_alerts(timestamp: int) -> None:
    """Tell by mail or webhook what began to need attention and what is over."""
    alerts.work()
