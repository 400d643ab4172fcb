"""What Django looks for in a database engine."""

import atexit
from typing import Any, ClassVar

from django.db import connections
from django.db.backends.postgresql import base

from baystate.database import server


class DatabaseWrapper(base.DatabaseWrapper):
    """`EMBEDDED` in the settings of an alias: {"data": folder, "durable": bool}; absent where DATABASE_URL says."""

    _connection_pools: ClassVar[dict[str, Any]] = {}

    def get_connection_params(self) -> dict[str, Any]:
        """Everything that connects asks here first: Django, its pool, and procrastinate's own connections."""
        embedded = self.settings_dict.get("EMBEDDED")
        if embedded:
            server.ensure(embedded["data"], durable=embedded["durable"])
        return super().get_connection_params()


@atexit.register
def part() -> None:
    """Before the server may be stopped (hooks run last first): no session of ours is cut, no pool tries again."""
    connections.close_all()
    for pool in DatabaseWrapper._connection_pools.values():
        pool.close()
    DatabaseWrapper._connection_pools.clear()
