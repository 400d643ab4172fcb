"""Import a register spreadsheet: the same plan and the same rules as the admin's."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from pipeline.models import ImportState, PlannedAction, ProductImport
from pipeline.spreadsheet import apply, plan, queries, reader, work
from pipeline.spreadsheet.cells import RefusedError
from scraping.doors import transact


class Command(BaseCommand):
    help = "Plan and apply a spreadsheet (.xlsx or .csv). Rows that are wrong are listed and left out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")
        parser.add_argument("--user", help="the user name in the products' history")

    def handle(self, *args: Any, file: Path, dry_run: bool, user: str | None, **options: Any) -> None:
        by = _user(user) if user else None
        upload = _plan(file, by)
        self._say_plan(upload)
        if dry_run:
            with transact():
                plan.discard(upload.pk)
            return
        with transact():
            apply.confirm(upload.pk, by=by)
        work.apply_upload(upload.pk)
        self._say_done(upload.pk)

    def _say_plan(self, upload: ProductImport) -> None:
        planned = ", ".join(f"{upload.counts[action.value]} {action.label}" for action in PlannedAction)
        self.stdout.write(_("%(file)s: %(planned)s") % {"file": upload.file_name, "planned": planned})
        for row in queries.rows(upload.pk).exclude(problems=[]).iterator():
            for problem in row.problems:
                self.stdout.write(f"  {problem['level']} {problem['cell']}: {problem['message']}")

    def _say_done(self, import_id: UUID) -> None:
        counts = queries.tally(import_id)
        said = _("%(created)d created, %(updated)d updated, %(stale)d set aside") % counts
        self.stdout.write(self.style.SUCCESS(said))


def _user(name: str) -> User:
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist as error:
        raise CommandError(_("There is no user called %s.") % name) from error


def _plan(file: Path, by: User | None) -> ProductImport:
    try:
        content = file.read_bytes()
        reader.check(content, file.name, work.limits())
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    except RefusedError as refused:
        raise CommandError(str(refused)) from refused
    with transact():
        upload = plan.receive(content, file_name=file.name, by=by)
    work.plan_upload(upload.pk)
    upload = ProductImport.objects.defer("content").get(pk=upload.pk)
    if upload.state == ImportState.FAILED:
        raise CommandError(upload.problem)
    return upload
