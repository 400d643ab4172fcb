"""The one function that builds DATABASES; nothing else opens connections.

`default` may stand behind a transaction-mode pooler. `direct` is a session connection, for migrate, the chore worker
and the one LISTEN; under tests it is a mirror of `default`. Without DATABASE_URL both name the embedded server, which
`baystate.database.backend` starts when something first connects.
"""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from baystate import env
from baystate.database import address, server

ENGINE = "baystate.database.backend"
SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
PROJECT = Path(__file__).resolve().parent.parent.parent

Alias = dict[str, Any]


def databases(environ: env.Environ, *, testing: bool = False) -> dict[str, Alias]:
    """DATABASES for this environment.

    `testing`: the data of tests (`postgres-test`, never the demo's, and not kept safe from a power cut), no pool, and
    every connection direct, since a pooler does not know a test database.
    Raises ImproperlyConfigured with a sentence when a variable says nonsense.
    """
    name = "DATABASE_URL"
    direct_name = "DATABASE_DIRECT_URL"
    url = env.raw(name, environ)
    direct_url = env.raw(direct_name, environ)
    if url is None and direct_url is not None:
        raise ImproperlyConfigured(
            f"{direct_name} is set but {name} is not. Set {name} to the pooler's address, or unset both for the "
            "embedded database."
        )
    if url is None or direct_url is None:
        direct_name, direct_url = name, url
    if testing:
        name, url = direct_name, direct_url
    default = alias(name, url, environ, testing=testing)
    if not testing:
        default["OPTIONS"]["pool"] = pool(environ)
    direct = alias(direct_name, direct_url, environ, testing=testing) | {"TEST": {"MIRROR": "default"}}
    return {"default": default, "direct": direct}


def alias(name: str, url: str | None, environ: env.Environ, *, testing: bool) -> Alias:
    """One entry of DATABASES for the address `url` that the variable `name` gave, or for the embedded server."""
    common: Alias = {
        "ENGINE": ENGINE,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "ATOMIC_REQUESTS": False,
    }
    options: Alias = {
        "prepare_threshold": None,
        "connect_timeout": env.integer("DATABASE_CONNECT_TIMEOUT", default=5, minimum=1, maximum=600, environ=environ),
        "application_name": env.text("DATABASE_APPLICATION_NAME", default="baystate", environ=environ),
    }
    if url is None:
        return common | embedded(environ, testing=testing) | {"OPTIONS": options}
    place = address.parse(name, url)
    sslmode = env.text("DATABASE_SSLMODE", default="", choices=SSLMODES, environ=environ)
    if sslmode:
        options["sslmode"] = sslmode
    return common | place.settings | {"OPTIONS": options | place.options}


def embedded(environ: env.Environ, *, testing: bool) -> Alias:
    var = env.path("BAYSTATE_VAR", default=PROJECT / "var", environ=environ)
    data = var / ("postgres-test" if testing else "postgres")
    return {
        "NAME": server.DATABASE,
        "USER": server.SUPERUSER,
        "HOST": str(server.socket_folder(data)),
        "PORT": server.PORT,
        "EMBEDDED": {"data": data, "durable": not testing},
    }


def pool(environ: env.Environ) -> Alias:
    """Sizes per process: processes x max_size must stay under the server's limit."""
    smallest = env.integer("DATABASE_POOL_MIN", default=5, minimum=0, maximum=1000, environ=environ)
    largest = env.integer("DATABASE_POOL_MAX", default=10, minimum=1, maximum=1000, environ=environ)
    if smallest > largest:
        raise ImproperlyConfigured(
            f"DATABASE_POOL_MIN is {smallest}, more than DATABASE_POOL_MAX, {largest}; expected at most as many."
        )
    timeout = env.duration("DATABASE_POOL_TIMEOUT", default=5.0, minimum=0.1, maximum=600, environ=environ)
    return {"min_size": smallest, "max_size": largest, "timeout": timeout}
