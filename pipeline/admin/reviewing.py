"""What staff do on the product list about consolidation and review."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pipeline import review, tasks
from pipeline.consolidation import backlog
from pipeline.consolidation.consolidate import Result
from pipeline.models import Product
from pipeline.stages import SETTLED, Stage
from scraping.doors import transact

Admin = admin.ModelAdmin[Any]
AT_ONCE = 50
"""As many products as are consolidated while somebody waits; more are left to the chore."""
CHUNK = 200
SHOWN = 5


@admin.action(permissions=["review"], description=gettext_lazy("Approve selected, complete ones only"))
def approve_selected(model_admin: Admin, request: HttpRequest, queryset: "QuerySet[Product]") -> None:
    user: Any = request.user
    done, left_out = 0, dict[str, str]()
    ids = _ids(queryset)
    for start in range(0, len(ids), CHUNK):
        with transact():
            approved = review.approve_complete(ids[start : start + CHUNK], by=user)
        done += len(approved.skus)
        left_out |= approved.left_out
    said = ngettext("%(n)d product approved.", "%(n)d products approved.", done) % {"n": done}
    messages.success(request, said) if done else messages.warning(request, said)
    if left_out:
        messages.warning(request, _left_out(left_out))


@admin.action(permissions=["review"], description=gettext_lazy("Consolidate selected"))
def consolidate_selected(model_admin: Admin, request: HttpRequest, queryset: "QuerySet[Product]") -> None:
    user: Any = request.user
    ids = _ids(queryset.exclude(stage__in=SETTLED))
    if len(ids) <= AT_ONCE:
        _say(request, backlog.each(ids, by=user))
        return
    with transact():
        Product.objects.filter(pk__in=ids).update(stale=True)
        tasks.nudge_consolidation()
    messages.info(request, _("%(n)d products will be consolidated in the background.") % {"n": len(ids)})


@admin.action(permissions=["review"], description=gettext_lazy("Complete selected by hand"))
def complete_selected(model_admin: Admin, request: HttpRequest, queryset: "QuerySet[Product]") -> None:
    user: Any = request.user
    ids = _ids(queryset.filter(stage__in=[Stage.IMPORTED, Stage.ENHANCED]))
    if len(ids) > CHUNK:
        messages.error(request, _("Select at most %(n)d products to complete by hand.") % {"n": CHUNK})
        return
    _say(request, backlog.each(ids, by=user, by_hand=True))


def _ids(products: "QuerySet[Product]") -> list[UUID]:
    return list(products.order_by("arrival").values_list("pk", flat=True))


def _say(request: HttpRequest, ended: dict[Result, int]) -> None:
    told = {
        Result.DONE: _("ready for review"),
        Result.BUSY: _("held by an open job"),
        Result.UNKNOWN: _("known to no source: complete them by hand"),
        Result.FAILED: _("failed; each says why"),
    }
    parts = [f"{ended[result]} {words}" for result, words in told.items() if ended.get(result)]
    level = messages.SUCCESS if ended.get(Result.DONE) else messages.WARNING
    messages.add_message(request, level, ", ".join(parts) or _("None of them can be consolidated."))


def _left_out(left_out: dict[str, str]) -> str:
    named = "; ".join(f"{sku}: {why}" for sku, why in list(left_out.items())[:SHOWN])
    more = " …" if len(left_out) > SHOWN else ""
    said = ngettext("%(n)d was left out: %(skus)s", "%(n)d were left out: %(skus)s", len(left_out))
    return said % {"n": len(left_out), "skus": named + more}
