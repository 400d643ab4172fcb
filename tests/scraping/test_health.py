"""What machines ask: is it alive, can it serve, how is it."""

import re
from datetime import timedelta
from typing import Any

import pgtrigger
import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from scraping import checks, health, metrics
from scraping.live import doorbell, hub
from tests import make

TOKEN = "t" * 20


@pytest.fixture
def behind_https(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["baystate.example"]


@pytest.mark.usefixtures("behind_https")
def test_a_process_that_lives_says_so_to_anybody_however_it_is_called(client: Client) -> None:
    answer = client.get("/healthz", headers={"Host": "10.1.2.3:8000"})
    assert (answer.status_code, answer.content, dict(answer.cookies)) == (200, b"ok\n", {})


@pytest.mark.django_db
class TestReady:
    @pytest.fixture(autouse=True)
    def _forget(self) -> None:
        health._migrated.clear()

    def ask(self, client: Client) -> tuple[int, Any]:
        answer = client.get("/readyz")
        return answer.status_code, answer.json()["problems"]

    @pytest.mark.usefixtures("behind_https")
    def test_all_is_well(self, client: Client) -> None:
        assert self.ask(client) == (200, {})

    def test_a_missing_migration_is_named(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(checks, "is_migrated", lambda alias: False)
        assert self.ask(client) == (
            503,
            {"schema": "Migrations are missing. Run: manage.py migrate --database direct"},
        )

    def test_a_missing_trigger_is_named(self, client: Client) -> None:
        assert self.ask(client)[0] == 200
        model, trigger = next(pair for pair in pgtrigger.registered() if pair[1].name == "scrape_jobs_moves")
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {trigger.get_pgid(model)} ON scrape_jobs")
        status, problems = self.ask(client)
        assert (status, "scrape_jobs_moves" in problems["schema"]) == (503, True)

    def test_a_database_that_is_away_or_read_only_is_named(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        assert self.ask(client) == (503, {"database": "The database is read-only."})
        monkeypatch.setattr(health, "_database", lambda: (_ for _ in ()).throw(OperationalError("canary")))
        assert self.ask(client) == (503, {"database": "The database does not answer."})

    def test_other_rooms_add_what_they_know(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(health.probes, "listener", lambda: "The listener hears nothing.")
        monkeypatch.setitem(health.probes, "well", lambda: None)
        assert self.ask(client) == (503, {"listener": "The listener hears nothing."})


@pytest.mark.parametrize(("watching", "alive", "well"), [(0, False, True), (2, True, True), (2, False, False)])
def test_a_listener_has_to_live_while_somebody_watches(
    monkeypatch: pytest.MonkeyPatch, watching: int, alive: bool, well: bool
) -> None:
    monkeypatch.setattr(hub, "watchers", lambda: watching)
    monkeypatch.setattr(doorbell, "alive", lambda: alive)
    assert (health.probes["listener"]() is None) is well


class TestWhoMayReadTheMetrics:
    pytestmark = pytest.mark.django_db

    def status(self, client: Client, peer: str = "127.0.0.1", **headers: str) -> int:
        return client.get("/metrics", REMOTE_ADDR=peer, headers=headers).status_code

    @pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "127.9.9.9"])
    def test_this_machine_alone(self, client: Client, peer: str) -> None:
        assert self.status(client, peer) == 200

    @pytest.mark.parametrize("peer", ["10.0.0.1", "", "unix:"])
    def test_nobody_else(self, client: Client, peer: str) -> None:
        assert self.status(client, peer) == 403

    def test_a_proxy_on_this_machine_is_somebody_else(self, client: Client, settings: Settings) -> None:
        assert self.status(client, **{"X-Forwarded-For": "127.0.0.1"}) == 403
        settings.PROXY_HEADER = "X-Forwarded-Proto"
        assert self.status(client) == 403

    def test_with_a_token_whoever_has_it(self, client: Client, settings: Settings) -> None:
        settings.METRICS_TOKEN = TOKEN
        assert self.status(client, "10.0.0.1", Authorization=f"Bearer {TOKEN}") == 200
        assert self.status(client, "127.0.0.1") == 401
        assert self.status(client, Authorization="Bearer ü") == 401
        assert self.status(client, Authorization=f"Basic {TOKEN}") == 401


def read() -> dict[str, dict[str, float]]:
    """By metric and the value of its one label; "" where it has none."""
    return {
        family.name: {next(iter(sample.labels.values()), ""): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(metrics.text().decode())
    }


@pytest.mark.django_db
class TestMetrics:
    def test_they_say_how_the_machine_is(self) -> None:
        make.scraper()
        runner = make.runner()
        make.runner("office", last_seen=timezone.now() - timedelta(hours=1))
        make.job(scrapers=["acme", "bradley"])
        make.job()
        job = make.running_job(runner, skus=["1", "2"])
        make.result(job, sku="1")
        make.result(job, sku="2", outcome="network")
        said = read()
        assert said["baystate_up"] == {"": 1}
        assert said["baystate_jobs_pending"] == {"acme": 2, "bradley": 1}
        assert said["baystate_jobs_oldest_pending_seconds"][""] >= 0
        assert (said["baystate_jobs_running"], said["baystate_leases_near_expiry"]) == ({"": 1}, {"": 0})
        assert said["baystate_runners_online"] == {"": 1}
        assert said["baystate_units_last_day"] == {"found": 1, "network": 1}
        assert said["baystate_log_bytes"][""] > 0
        assert said["baystate_notify_queue_usage"][""] < 1
        assert {"baystate_log_lines", "baystate_socket_watchers", "baystate_listener_restarts"} <= set(said)

    def test_a_lease_is_near_its_end_before_it_is_over(self) -> None:
        job = make.running_job(make.runner())
        type(job).objects.update(lease_expires_at=timezone.now() + timedelta(seconds=10))
        assert read()["baystate_leases_near_expiry"] == {"": 1}

    def test_the_deployment_page_explains_each_of_them(self) -> None:
        page = (settings.BASE_DIR / "docs" / "deployment.md").read_text(encoding="utf-8")
        explained = set(re.findall(r"^\| `(baystate_\w+)|, `(baystate_\w+)", page, re.MULTILINE))
        names = {name.removesuffix("_total") for pair in explained for name in pair if name}
        assert names == set(read())

    def test_they_are_cheap(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        with django_assert_num_queries(5):
            metrics.text()

    def test_without_the_database_they_say_that(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(metrics, "_rows", lambda *query: (_ for _ in ()).throw(OperationalError("canary")))
        said = read()
        assert said["baystate_up"] == {"": 0}
        assert "baystate_jobs_running" not in said
        assert "baystate_socket_watchers" in said

    def test_refused_callbacks_are_counted_by_code(self) -> None:
        def count() -> float:
            return read()["baystate_callbacks_refused"].get("unknown_job", 0)

        before = count()
        make.api(make.key(make.runner())).post(
            "/api/scraper/v1/callback", {"job_id": "x", "status": "failed"}, format="json"
        )
        assert count() == before + 1
