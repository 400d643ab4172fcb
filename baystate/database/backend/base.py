"""What Django looks for in a database engine."""

import atexit
from typing import Any, ClassVar

from django.db import connections
from django.db.backends.postgresql import base

from baystate.database import server, session


class DatabaseWrapper(base.DatabaseWrapper):
    """`EMBEDDED` in the settings of an alias: {"data": folder, "durable": bool}; absent where DATABASE_URL says."""

    _connection_pools: ClassVar[dict[str, Any]] = {}
    _proven: ClassVar[set[tuple[str, str]]] = set()

    def get_connection_params(self) -> dict[str, Any]:
        """Everything that connects asks here first: Django, its pool, and procrastinate's own connections."""
        embedded = self.settings_dict.get("EMBEDDED")
        if embedded:
            server.ensure(embedded["data"], durable=embedded["durable"])
        parameters: dict[str, Any] = super().get_connection_params()
        if self.alias == "direct" and not embedded:
            self.prove(parameters)
        return parameters

    def prove(self, parameters: dict[str, Any]) -> None:
        """Once per process and server."""
        place = (str(self.settings_dict["HOST"]), str(self.settings_dict["PORT"]))
        if place not in self._proven:
            session.require(parameters)
            self._proven.add(place)


@atexit.register
def part() -> None:
    """Before the server may be stopped (hooks run last first): no session of ours is cut, no pool tries again."""
    connections.close_all()
    for pool in DatabaseWrapper._connection_pools.values():
        pool.close()
    DatabaseWrapper._connection_pools.clear()
