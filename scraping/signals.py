"""The one news that travels up: units' results were stored."""

from django.dispatch import Signal

# sent with `results: list[ScrapeResult]` inside the transaction that stored them, in SKU order, never for test jobs
results_recorded = Signal()
