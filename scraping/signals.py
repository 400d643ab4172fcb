"""The one news that travels up: a unit's result was stored."""

from django.dispatch import Signal

# sent with `result: ScrapeResult` inside the transaction that stored it, units in SKU order, never for test jobs
results_recorded = Signal()
