"""The one news that travels up: units' results were stored."""

from django.dispatch import Signal

# sent with `results: list[ScrapeResult]`, some of one job in SKU order, inside the transaction that stored them; never
# for test jobs
results_recorded = Signal()
