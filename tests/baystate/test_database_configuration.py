from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from baystate.database import databases
from baystate.database.cluster import socket_folder

POOLER = "postgresql://shop:p%40ss@pooler.example:6432/shop"
DIRECT = "postgres://shop:p%40ss@db.example/shop"


def test_an_address_becomes_settings() -> None:
    default = databases({"DATABASE_URL": POOLER})["default"]
    assert {name: default[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "shop",
        "USER": "shop",
        "PASSWORD": "p@ss",
        "HOST": "pooler.example",
        "PORT": "6432",
    }
    assert "EMBEDDED" not in default


def test_every_alias_is_fit_for_a_pooler() -> None:
    for alias in databases({"DATABASE_URL": POOLER, "DATABASE_DIRECT_URL": DIRECT}).values():
        assert (alias["CONN_MAX_AGE"], alias["CONN_HEALTH_CHECKS"]) == (0, True)
        assert alias["DISABLE_SERVER_SIDE_CURSORS"] is True
        assert alias["OPTIONS"]["prepare_threshold"] is None
        assert alias["OPTIONS"]["connect_timeout"] == 5
        assert alias["OPTIONS"]["application_name"] == "baystate"


def test_the_pool_holds_5_to_10_connections() -> None:
    assert databases({})["default"]["OPTIONS"]["pool"] == {"min_size": 5, "max_size": 10, "timeout": 5.0}


def test_the_pool_is_sized_by_the_environment() -> None:
    environ = {"DATABASE_POOL_MIN": "1", "DATABASE_POOL_MAX": "3", "DATABASE_POOL_TIMEOUT": "2s"}
    assert databases(environ)["default"]["OPTIONS"]["pool"] == {"min_size": 1, "max_size": 3, "timeout": 2.0}


def test_a_pool_that_starts_larger_than_it_may_grow_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_POOL_MIN is 20, more than DATABASE_POOL_MAX"):
        databases({"DATABASE_POOL_MIN": "20"})


def test_direct_has_its_own_address_and_no_pool() -> None:
    direct = databases({"DATABASE_URL": POOLER, "DATABASE_DIRECT_URL": DIRECT})["direct"]
    assert (direct["HOST"], direct["PORT"]) == ("db.example", "")
    assert "pool" not in direct["OPTIONS"]
    assert direct["TEST"] == {"MIRROR": "default"}


def test_direct_falls_back_to_the_one_address_there_is() -> None:
    assert databases({"DATABASE_URL": DIRECT})["direct"]["HOST"] == "db.example"


def test_a_direct_address_alone_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_DIRECT_URL is set but DATABASE_URL is not"):
        databases({"DATABASE_DIRECT_URL": DIRECT})


def test_tests_go_past_the_pooler_without_a_pool() -> None:
    default = databases({"DATABASE_URL": POOLER, "DATABASE_DIRECT_URL": DIRECT}, testing=True)["default"]
    assert default["HOST"] == "db.example"
    assert "pool" not in default["OPTIONS"]


def test_tests_never_touch_the_data_of_the_application(tmp_path: Path) -> None:
    environ = {"BAYSTATE_VAR": str(tmp_path)}
    assert databases(environ)["default"]["EMBEDDED"] == {"data": tmp_path / "postgres", "durable": True}
    assert databases(environ, testing=True)["default"]["EMBEDDED"] == {
        "data": tmp_path / "postgres-test",
        "durable": False,
    }


def test_making_settings_starts_and_writes_nothing(tmp_path: Path) -> None:
    databases({"BAYSTATE_VAR": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


def test_sslmode_is_a_setting() -> None:
    default = databases({"DATABASE_URL": POOLER, "DATABASE_SSLMODE": "verify-full"})["default"]
    assert default["OPTIONS"]["sslmode"] == "verify-full"


def test_the_address_says_sslmode_last() -> None:
    environ = {"DATABASE_URL": f"{POOLER}?sslmode=require&sslrootcert=/etc/ca.pem", "DATABASE_SSLMODE": "prefer"}
    options = databases(environ)["default"]["OPTIONS"]
    assert (options["sslmode"], options["sslrootcert"]) == ("require", "/etc/ca.pem")


def test_an_unknown_sslmode_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_SSLMODE is 'on'; expected one of disable, allow"):
        databases({"DATABASE_URL": POOLER, "DATABASE_SSLMODE": "on"})


@pytest.mark.parametrize(
    ("url", "host", "port", "name"),
    [
        ("postgresql://DB.example/shop", "DB.example", "", "shop"),
        ("postgresql://[::1]:6432/shop", "::1", "6432", "shop"),
        ("postgresql:///shop?host=/run/postgresql", "/run/postgresql", "", "shop"),
        ("postgresql://%2Frun%2Fpg/shop", "/run/pg", "", "shop"),
        ("postgresql://db/my%20shop?port=5433", "db", "5433", "my shop"),
    ],
)
def test_it_reads_what_libpq_reads(url: str, host: str, port: str, name: str) -> None:
    default = databases({"DATABASE_URL": url})["default"]
    assert (default["HOST"], default["PORT"], default["NAME"]) == (host, port, name)


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("postgresql+asyncpg://u:secret@h/d", "without +asyncpg"),
        ("postgresql+psycopg2://u:secret@h/d", "without +psycopg2"),
        ("jdbc:postgresql://h/d", "without jdbc:"),
        ("mysql://u:secret@h/d", "PostgreSQL is the only database"),
        ("/run/postgresql", "postgresql://"),
        ("postgresql://u:secret@h", "names no database"),
        ("postgresql://u:secret@h/d/e", "slash in the database's name"),
        ("postgresql://u:secret@h:port/d", "cannot be read"),
        ("postgresql://u:se#cret@h/d", "%23"),
        ("postgresql://u:secret@h/d?raw_sql=true", "prepared statements are always off"),
        ("postgresql://u:secret@h/d?no_prepare=1", "prepared statements are always off"),
        ("postgresql://u:secret@h/d?statement_cache_size=0", "prepared statements are always off"),
        ("postgresql://u:secret@h/d?pgbouncer=true", "prepared statements are always off"),
        ("postgresql://u:secret@h/d?pool_size=20", "DATABASE_POOL_MAX"),
        ("postgresql://u:secret@h/d?pool_timeout=20", "DATABASE_POOL_TIMEOUT"),
        ("postgresql://u:secret@h/d?ssl=true", "sslmode=require"),
        ("postgresql://u:secret@h/d?currentSchema=shop", "search_path"),
        ("postgresql://u:secret@h/d?options=-c%20x=y", "ALTER ROLE"),
        ("postgresql://u:secret@h/d?colour=blue", "says colour="),
        ("postgresql://u:secret@h/d?connect_timeout=soon", "whole seconds"),
    ],
)
@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_DIRECT_URL"])
def test_an_address_of_another_stack_is_refused_with_our_equivalent(name: str, url: str, advice: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        databases({"DATABASE_URL": POOLER, name: url})
    assert str(refusal.value).startswith(name)
    assert advice in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_the_server_listens_in_its_data_when_the_path_fits(tmp_path: Path) -> None:
    assert socket_folder(Path("/srv/bay state/postgres")) == Path("/srv/bay state/postgres")


@pytest.mark.parametrize("folder", ["x" * 120, "a,b"])
def test_the_server_listens_elsewhere_when_libpq_could_not_follow(folder: str) -> None:
    found = socket_folder(Path("/srv") / folder / "postgres")
    assert found.parent == Path("/tmp")
    assert found != socket_folder(Path("/srv") / folder / "postgres-test")


def test_the_engine_is_postgresql_to_everyone_who_asks() -> None:
    assert {connections[alias].vendor for alias in connections} == {"postgresql"}
