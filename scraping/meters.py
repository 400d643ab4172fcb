"""What only this process knows of itself, counted for /metrics. Others of its rooms count here."""

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()

refused = Counter(
    "baystate_callbacks_refused",
    "Callbacks that were answered with an error, by its code.",
    ["code"],
    registry=REGISTRY,
)
watchers = Gauge("baystate_socket_watchers", "Open sockets that watch something.", registry=REGISTRY)
listener_restarts = Counter(
    "baystate_listener_restarts", "How often the one LISTEN was opened anew after it was lost.", registry=REGISTRY
)
