"""Carries exports out, one transaction each: what a chore and a command both call."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.db.models.functions import Now
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from pipeline.export import build
from pipeline.models import ExportState, ProductExport

PATIENCE = timedelta(seconds=60)
"""After this long a nudge counts as lost; asking again is harmless."""

logger = logging.getLogger(__name__)


def work_on(export_id: UUID) -> None:
    """Build the file of an export, or say on it why not. Does nothing where somebody else is at it."""
    try:
        with atomic(durable=True):
            build.build(export_id)
    except (OperationalError, InterfaceError):
        raise  # the database is away, the export is not to blame: a later chore begins anew
    except Exception:
        logger.exception("export %s could not be built", export_id)
        with atomic(durable=True):
            build.fail(export_id, _("Something in these products confused us, and we have made a note of it."))


def abandoned() -> list[UUID]:
    """Exports that still wait for their file."""
    waiting = ProductExport.objects.filter(state=ExportState.BUILDING, created_at__lt=Now() - PATIENCE)
    return list(waiting.values_list("pk", flat=True))
