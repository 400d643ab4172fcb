"""Chores are nudged once per key, after the commit, and found again when a nudge was lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import DjangoCaptureOnCommitCallbacks

from pipeline import chores, tasks
from pipeline.models import ImportState, Product, ProductImport
from pipeline.spreadsheet import apply, plan
from scraping import attention
from tests import make, sheets
from tests.sheets import HEADER

pytestmark = pytest.mark.django_db(databases=["default", "direct"])


def waiting() -> list[tuple[str, str]]:
    return list(ProcrastinateJob.objects.using("direct").order_by("id").values_list("task_name", "queueing_lock"))


def worker_seen(seconds_ago: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s))",
            [seconds_ago],
        )


def test_a_worker_removes_the_chores_that_went_well() -> None:
    assert app.worker_defaults["delete_jobs"] == "successful"


def test_a_nudge_leaves_after_the_commit_and_once(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        chores.nudge(tasks.plan_import, key="plan:1", import_id="1")
        chores.nudge(tasks.plan_import, key="plan:1", import_id="1")
        assert not waiting()
    assert waiting() == [("plan_import", "plan:1")]


def test_the_operations_page_says_what_waits_for_a_worker() -> None:
    product = make.product()
    assert attention.needs() == []
    Product.objects.filter(pk=product.pk).update(stale=True)
    (need,) = attention.needs()
    assert need.word == "no worker"
    assert "what was found waits to be consolidated. Start one" in need.sentence
    worker_seen(5)
    assert attention.needs() == []


def test_a_worker_is_missing_until_one_was_just_seen() -> None:
    assert chores.worker_is_missing()
    worker_seen(31)
    assert chores.worker_is_missing()
    worker_seen(29)
    assert not chores.worker_is_missing()


def test_the_chores_of_an_import_plan_and_apply_it() -> None:
    upload = plan.receive(sheets.text([HEADER, ["1", "A", "1"]]), file_name="feed.csv", by=None)
    tasks.plan_import(str(upload.pk))
    apply.confirm(upload.pk, by=None)
    tasks.apply_import(str(upload.pk))
    assert Product.objects.get().sku == "1"


@pytest.mark.parametrize(
    ("state", "chore"), [(ImportState.UPLOADED, "plan_import"), (ImportState.APPLYING, "apply_import")]
)
def test_an_import_left_behind_is_nudged_again(
    state: ImportState, chore: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    upload = plan.receive(b"x", file_name="feed.csv", by=None)
    ProductImport.objects.update(state=state, progress_at=Now() - timedelta(minutes=2))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.resume_imports(0)
    assert waiting() == [(chore, f"{state}:{upload.pk}")]
