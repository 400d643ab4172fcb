"""The chores' doors. Each may be lost, repeated or cut off at any point: the tables say what is left to do."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app

from pipeline import chores
from pipeline.consolidation import backlog
from pipeline.export import waiting
from pipeline.models import ImportState
from pipeline.spreadsheet import plan, work


@app.task(name="plan_import")
def plan_import(import_id: str) -> None:
    """Read an uploaded spreadsheet and store its plan."""
    work.plan_upload(UUID(import_id))


@app.task(name="apply_import")
def apply_import(import_id: str) -> None:
    """Apply the rows of a plan that were confirmed."""
    work.apply_upload(UUID(import_id))


def nudge_import(import_id: UUID, state: ImportState) -> None:
    """Ask for whatever an import in this state is waiting for."""
    task = plan_import if state == ImportState.UPLOADED else apply_import
    chores.nudge(task, key=f"{state}:{import_id}", import_id=str(import_id))


@app.periodic(cron="* * * * *")
@app.task(name="resume_imports", queueing_lock="resume_imports")
def resume_imports(timestamp: int) -> None:
    """Find imports that a lost nudge or a dead worker left behind."""
    for import_id, state in plan.abandoned():
        nudge_import(import_id, state)


@app.periodic(cron="* * * * * */10")
@app.task(name="consolidate_stale", queueing_lock="consolidate_stale", lock="consolidate_stale")
def consolidate_stale(timestamp: int) -> None:
    """Consolidate what became stale once no open job holds it: a job that ends nudges nobody, so this looks."""
    backlog.work()


def nudge_consolidation() -> None:
    """Ask for the stale products to be consolidated now."""
    chores.nudge(consolidate_stale, key="consolidate_stale", timestamp=0)


@app.task(name="build_export")
def build_export(export_id: str) -> None:
    """Write the file of an export that was asked for."""
    waiting.work_on(UUID(export_id))


def nudge_export(export_id: UUID) -> None:
    """Ask for the file of an export."""
    chores.nudge(build_export, key=f"export:{export_id}", export_id=str(export_id))


@app.periodic(cron="* * * * *")
@app.task(name="resume_exports", queueing_lock="resume_exports")
def resume_exports(timestamp: int) -> None:
    """Find exports that a lost nudge or a dead worker left behind."""
    for export_id in waiting.abandoned():
        nudge_export(export_id)
