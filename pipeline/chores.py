"""Chores are nudged, not commanded: their truth is in our tables, and whether anybody works is asked here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, QuerySet, Value
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateWorker
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.tasks import Task

from pipeline.models import ExportState, ImportState, Product, ProductExport, ProductImport
from scraping.attention import Need

UNSEEN = timedelta(seconds=30)


def nudge(task: Task[Any, Any, Any], *, key: str, **arguments: str | int) -> None:
    """Ask for a chore once the transaction is committed; one that waits under the same key already is enough."""

    def defer() -> None:
        with suppress(AlreadyEnqueued), transaction.atomic(using=settings.PROCRASTINATE_DATABASE_ALIAS):
            task.configure(queueing_lock=key).defer(**arguments)

    transaction.on_commit(defer, robust=True)


def worker_is_missing() -> bool:
    """True if no chore worker has been seen for 30 seconds."""
    return not _seen_workers().exists()


def _seen_workers() -> QuerySet[ProcrastinateWorker]:
    return ProcrastinateWorker.objects.filter(last_heartbeat__gt=Now() - UNSEEN)


def needs() -> Iterator[Need]:
    """For the operations page: nobody works, and something waits for it."""
    waits = _waiting_for_nobody()
    if waits:
        said = _("No chore worker has been seen for 30 seconds: %(what)s. Start one: manage.py procrastinate worker.")
        page = reverse("admin:pipeline_product_changelist")
        what = said % {"what": ", ".join(waits)}
        yield Need("bad", _("no worker"), _("chores"), what, None, page, _("Show products"))


def _waiting_for_nobody() -> list[str]:
    """What waits for a worker while none is there, in words."""
    at_work = [ImportState.UPLOADED, ImportState.APPLYING]
    words = [_("an import waits"), _("an export waits"), _("what was found waits to be consolidated")]
    imports = ProductImport.objects.filter(state__in=at_work).order_by().values_list(Value(0))
    exports = ProductExport.objects.filter(state=ExportState.BUILDING).order_by().values_list(Value(1))
    products = Product.objects.filter(stale=True).order_by().values_list(Value(2))
    alive = Exists(_seen_workers())
    waits = imports.filter(~alive)[:1].union(exports.filter(~alive)[:1], products.filter(~alive)[:1], all=True)
    return [words[number] for (number,) in waits]
