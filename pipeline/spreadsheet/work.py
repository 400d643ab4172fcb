"""Carries plans out, one transaction per chunk: what a page, a command and a chore all call."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError

from pipeline.spreadsheet import apply, columns, plan, reader, rows, settle
from pipeline.spreadsheet.cells import Limits, RefusedError
from pipeline.spreadsheet.mapping import Mapping
from pipeline.spreadsheet.plan import Attempt, SupersededError
from scraping.doors import transact

CHUNK = 1_000
OUR_FAULT = "Something in this file confused us, and we have made a note of it. Saving it anew as .xlsx may help."
STOPPED = (
    "Something confused us while the rows were applied, and we have made a note of it. What is left can be tried again."
)

logger = logging.getLogger(__name__)
Item = TypeVar("Item")


def limits() -> Limits:
    """How large an upload may be here."""
    return Limits(settings.IMPORT_MAX_BYTES, settings.IMPORT_MAX_ROWS)


def plan_upload(import_id: UUID) -> None:
    """Read an upload and store its plan, or a sentence why not. Does nothing where somebody else is at it."""
    with transact():
        attempt = plan.begin(import_id)
    if attempt is None:
        return
    try:
        _read(attempt)
    except SupersededError:
        logger.info("import %s is planned by somebody else, or was discarded", import_id)
    except RefusedError as refused:
        _give_up(attempt, str(refused))
    except (OperationalError, InterfaceError):
        raise  # the database is away, the file is not to blame: a later chore begins anew
    except Exception:
        logger.exception("import %s could not be planned", import_id)
        _give_up(attempt, OUR_FAULT)


def apply_upload(import_id: UUID) -> None:
    """Apply the rows that were confirmed; goes on where an earlier call stopped."""
    try:
        while _step(import_id):
            pass
    except (OperationalError, InterfaceError):
        raise  # a later chore goes on
    except Exception:
        logger.exception("import %s could not be applied", import_id)
        with transact():
            apply.stop(import_id, STOPPED)


def _step(import_id: UUID) -> bool:
    with transact():
        return apply.step(import_id)


def _read(attempt: Attempt) -> None:
    table = columns.find(reader.sheets(attempt.content, attempt.file_name, limits()))
    mapping = Mapping(table.header)
    expected = min(table.expected, settings.IMPORT_MAX_ROWS)
    for chunk in _chunks(rows.read(row, table.header) for row in table.rows):
        mapping.see(chunk)
        with transact():
            plan.store(attempt, chunk, expected=expected)
    with transact():
        settle.analyze()
    with transact():
        settle.settle(attempt, table.header, mapping.as_json())


def _give_up(attempt: Attempt, problem: str) -> None:
    with transact():
        plan.fail(attempt, problem)


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
