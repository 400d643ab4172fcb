"""The stored plan of an upload: what is meant to happen to each row. Applying reads nothing else.

Rows arrive chunk by chunk, each in its own transaction, so that a page can show how far it is. `progress_at` is also
the fence: whoever finds another time there than the one it wrote has been overtaken, and stops.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from pipeline.models import ImportState, PlannedAction, ProductImport, ProductImportRow
from pipeline.spreadsheet.rows import Wish

LEASE = timedelta(seconds=60)
"""Whoever reads or applies an upload and says nothing for so long has died; another may begin anew."""

_COPY = """
    COPY product_import_rows
        (product_import_id, number, cells, sku, register_name, target_price, action, problems, applied)
    FROM STDIN
"""


class SupersededError(Exception):
    """Somebody else has begun to plan this upload, or it was discarded."""


@dataclass
class Attempt:
    """One attempt at reading an upload; `token` is the time it last spoke."""

    import_id: UUID
    file_name: str
    content: bytes
    token: datetime


def receive(content: bytes, *, file_name: str, by: User | None) -> ProductImport:
    """Keep an uploaded file; nothing is read yet."""
    checksum = hashlib.sha256(content).hexdigest()
    return ProductImport.objects.create(file_name=file_name[-255:], content=content, checksum=checksum, created_by=by)


def begin(import_id: UUID) -> Attempt | None:
    """Take an upload that nobody is reading, and remove what an attempt that died left; None if there is none."""
    quiet = Q(progress_at=None) | Q(progress_at__lt=Now() - LEASE)
    waiting = ProductImport.objects.filter(quiet, pk=import_id, state=ImportState.UPLOADED)
    if not waiting.update(progress_at=Now(), done=0, total=0):
        return None
    ProductImportRow.objects.filter(product_import=import_id).delete()
    upload = ProductImport.objects.get(pk=import_id)
    assert upload.progress_at is not None
    return Attempt(upload.pk, upload.file_name, bytes(upload.content), upload.progress_at)


def advance(attempt: Attempt, **changes: Any) -> None:
    """Say that this attempt is alive, and write `changes` of the upload. Raises `SupersededError`."""
    mine = ProductImport.objects.filter(pk=attempt.import_id, state=ImportState.UPLOADED, progress_at=attempt.token)
    if not mine.update(**{"progress_at": Now(), **changes}):
        raise SupersededError
    said = ProductImport.objects.values_list("progress_at", flat=True).get(pk=attempt.import_id)
    assert said is not None
    attempt.token = said


def store(attempt: Attempt, wishes: Sequence[Wish], *, expected: int) -> None:
    """Add rows to the plan, as `create` for now or `error`. Raises `SupersededError`."""
    advance(attempt, done=F("done") + len(wishes), total=expected)
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for wish in wishes:
            copy.write_row(_row(attempt.import_id, wish))


def fail(attempt: Attempt, problem: str) -> None:
    """Give the upload up with a sentence for who uploaded it. Raises `SupersededError`."""
    advance(attempt, state=ImportState.FAILED, problem=problem)
    ProductImportRow.objects.filter(product_import=attempt.import_id).delete()


def discard(import_id: UUID) -> bool:
    """Forget an upload that was never applied, in part or whole; False if it is being applied or was."""
    upload = ProductImport.objects.select_for_update().defer("content").filter(pk=import_id, applied_by=None).first()
    if upload is None or upload.state in (ImportState.APPLYING, ImportState.APPLIED):
        return False
    ProductImportRow.objects.filter(product_import=upload).delete()
    upload.delete()
    return True


def abandoned() -> list[tuple[UUID, ImportState]]:
    """Uploads that wait for a chore of which nothing was heard for a lease."""
    since = Coalesce("progress_at", "created_at")
    waiting = ProductImport.objects.filter(state__in=(ImportState.UPLOADED, ImportState.APPLYING))
    found = waiting.annotate(since=since).filter(since__lt=Now() - LEASE).values_list("pk", "state")
    return [(import_id, ImportState(state)) for import_id, state in found]


def _row(import_id: UUID, wish: Wish) -> tuple[Any, ...]:
    action = PlannedAction.ERROR if wish.is_wrong else PlannedAction.CREATE
    problems = json.dumps(wish.problems_json())
    cells = json.dumps(wish.cells)
    return import_id, wish.number, cells, wish.sku, wish.register_name, wish.target_price, action, problems, False
