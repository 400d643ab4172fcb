"""The system check of the triggers."""

import pgtrigger
import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from scraping import checks

pytestmark = pytest.mark.django_db


def test_a_whole_database_has_nothing_to_report() -> None:
    assert checks.check_triggers(databases=["default"]) == []
    assert checks.check_triggers(databases=None) == []


def test_a_missing_trigger_is_an_error() -> None:
    model, trigger = next(pair for pair in pgtrigger.registered() if pair[1].name == "scrape_jobs_moves")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {trigger.get_pgid(model)} ON scrape_jobs")
    (error,) = checks.check_triggers(databases=["default"])
    assert "scrape_jobs_moves on scrape_jobs" in error.msg


def test_a_database_that_is_not_migrated_yet_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "is_migrated", lambda alias: False)
    monkeypatch.setattr(checks, "missing", lambda alias: pytest.fail("it looked"))
    assert checks.check_triggers(databases=["default"]) == []


def test_the_command_fails_and_names_it() -> None:
    call_command("check", databases=["default"])
    model, trigger = next(pair for pair in pgtrigger.registered() if pair[1].name == "scrape_job_logs_kept")
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE scrape_job_logs DISABLE TRIGGER {trigger.get_pgid(model)}")
    with pytest.raises(SystemCheckError, match="scrape_job_logs_kept on scrape_job_logs"):
        call_command("check", databases=["default"])
