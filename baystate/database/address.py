"""A database's address (`postgresql://user:password@host:port/name?sslmode=…`) taken apart; pure.

Addresses copied from other stacks are refused with a sentence that names our equivalent.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SCHEMES = ("postgresql", "postgres")

# what libpq reads from an address, as far as it may stand behind a pooler
KNOWN = frozenset(
    """
    application_name channel_binding connect_timeout gssencmode keepalives keepalives_count keepalives_idle
    keepalives_interval load_balance_hosts passfile require_auth service sslcert sslcrl sslcrldir sslkey sslmode
    sslnegotiation sslpassword sslrootcert sslsni ssl_max_protocol_version ssl_min_protocol_version
    target_session_attrs tcp_user_timeout
    """.split()  # noqa: SIM905
)

NO_PREPARE = "Leave it out: prepared statements are always off here, so every pooler works."
POOL_MAX = "Set DATABASE_POOL_MAX (and DATABASE_POOL_MIN) instead."
POOL_TIMEOUT = "Set DATABASE_POOL_TIMEOUT instead."
SSLMODE = "Write sslmode=require, or set DATABASE_SSLMODE."
EQUIVALENTS = {
    "raw_sql": NO_PREPARE,
    "no_prepare": NO_PREPARE,
    "pgbouncer": NO_PREPARE,
    "prepare_threshold": NO_PREPARE,
    "prepared_statements": NO_PREPARE,
    "prepared_statement_cache_size": NO_PREPARE,
    "prepared_statement_name_func": NO_PREPARE,
    "statement_cache_size": NO_PREPARE,
    "server_side_binding": NO_PREPARE,
    "connection_limit": POOL_MAX,
    "pool_size": POOL_MAX,
    "pool_max_conns": POOL_MAX,
    "max_overflow": POOL_MAX,
    "min_size": POOL_MAX,
    "max_size": POOL_MAX,
    "pool": POOL_MAX,
    "pool_timeout": POOL_TIMEOUT,
    "ssl": SSLMODE,
    "tls": SSLMODE,
    "conn_max_age": "Leave it out: the pool keeps the connections.",
    "pool_recycle": "Leave it out: the pool renews its connections by itself.",
    "timeout": "Write connect_timeout (seconds), or set DATABASE_CONNECT_TIMEOUT.",
    "command_timeout": "Set a default on the role: ALTER ROLE … SET statement_timeout = '30s'.",
    "statement_timeout": "Set a default on the role: ALTER ROLE … SET statement_timeout = '30s'.",
    "options": "A pooler refuses it; set a default on the role: ALTER ROLE … SET name = value.",
    "server_settings": "A pooler refuses them; set a default on the role: ALTER ROLE … SET name = value.",
    "schema": "Set a default on the role: ALTER ROLE … SET search_path = name.",
    "search_path": "Set a default on the role: ALTER ROLE … SET search_path = name.",
    "currentschema": "Set a default on the role: ALTER ROLE … SET search_path = name.",
}


@dataclass(frozen=True)
class Address:
    """`settings`: NAME, USER, PASSWORD, HOST, PORT of Django; `options`: further words for psycopg."""

    settings: dict[str, str]
    options: dict[str, Any]


def parse(name: str, url: str) -> Address:
    """Takes `url`, which the variable `name` gave, apart; raises ImproperlyConfigured, never repeating the password."""
    parts = split(name, url)
    words = parameters(name, parts)
    database = unquote(parts.path.removeprefix("/"))
    if not database and "service" not in words:
        raise refuse(name, "names no database", "postgresql://user:password@host:5432/name")
    if "/" in database:
        raise refuse(name, "has a slash in the database's name", "one name after the host; write a slash in it as %2F")
    settings = {
        "NAME": database,
        "USER": unquote(parts.username or "") or words.pop("user", ""),
        "PASSWORD": unquote(parts.password or "") or words.pop("password", ""),
        "HOST": unquote(hosts(parts)) or words.pop("host", ""),
        "PORT": str(parts.port or "") or words.pop("port", ""),
    }
    if "connect_timeout" in words and not words["connect_timeout"].isdecimal():
        raise refuse(name, f"says connect_timeout={words['connect_timeout']}", "whole seconds")
    return Address(settings, dict(words))


def split(name: str, url: str) -> SplitResult:
    scheme, found, _ = url.partition("://")
    if scheme.lower() not in SCHEMES or not found:
        raise refuse(name, f"starts with {scheme[:40]!r}", scheme_advice(scheme) if found else f"{SCHEMES[0]}://…")
    if "#" in url:
        raise refuse(name, "has a # in it", "%23 for a # in a password")
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError:
        raise refuse(
            name, "has a host or port that cannot be read", "host:5432 (percent-encode odd characters)"
        ) from None
    return parts


def scheme_advice(scheme: str) -> str:
    base, _, driver = scheme.lower().partition("+")
    if base in SCHEMES:
        return f"plain {SCHEMES[0]}://… without +{driver} (the driver is always psycopg 3)"
    if base.startswith("jdbc:"):
        return f"plain {SCHEMES[0]}://user:password@… without jdbc:"
    return f"{SCHEMES[0]}://… (PostgreSQL is the only database)"


def hosts(parts: SplitResult) -> str:
    """The host as written (urlsplit's lower-cases), without the brackets of an IPv6 address."""
    place = parts.netloc.rpartition("@")[2]
    if place.startswith("["):
        return place[1:].partition("]")[0]
    return place.partition(":")[0]


def parameters(name: str, parts: SplitResult) -> dict[str, str]:
    words = {}
    for word, value in parse_qsl(parts.query, keep_blank_values=True):
        if word.lower() in EQUIVALENTS:
            raise ImproperlyConfigured(
                f"{name} says {word}=…, which comes from another stack. {EQUIVALENTS[word.lower()]}"
            )
        if word not in KNOWN | {"host", "port", "user", "password"}:
            raise refuse(name, f"says {word[:40]}=…", "only words that libpq knows, such as sslmode or sslrootcert")
        words[word] = value
    return words


def refuse(name: str, said: str, expected: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} {said}; expected {expected}.")
