"""Consolidate products: the same rules as the chore's."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.consolidation import backlog
from pipeline.consolidation.consolidate import Result
from pipeline.models import Product
from pipeline.stages import SETTLED

LABELS = {
    Result.DONE: gettext_lazy("consolidated"),
    Result.BUSY: gettext_lazy("held by an open job"),
    Result.SETTLED: gettext_lazy("settled, left as they are"),
    Result.UNKNOWN: gettext_lazy("known to no source"),
    Result.FAILED: gettext_lazy("failed"),
}


class Command(BaseCommand):
    help = "Bring records up to date with their sources. Without SKUs: all products that wait for it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sku", nargs="*")
        parser.add_argument("--all", action="store_true", help="every product that is not settled, waiting or not")
        parser.add_argument("--by-hand", action="store_true", help="also the SKUs that no source knows")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["by_hand"] and not options["sku"]:
            raise CommandError(_("--by-hand needs the SKUs to complete."))
        if options["sku"] or options["all"]:
            ended = backlog.each(_chosen(options["sku"]), by_hand=options["by_hand"])
        else:
            ended = backlog.work()
        told = ", ".join(f"{ended[result]} {label}" for result, label in LABELS.items() if ended[result])
        self.stdout.write(told or _("Nothing waits to be consolidated."))
        if ended[Result.FAILED]:
            raise CommandError(_("Some products could not be consolidated; each says why."))


def _chosen(skus: list[str]) -> list[Any]:
    if not skus:
        return list(Product.objects.exclude(stage__in=SETTLED).values_list("pk", flat=True))
    found = dict(Product.objects.filter(sku__in=skus).values_list("sku", "pk"))
    unknown = [sku for sku in skus if sku not in found]
    if unknown:
        raise CommandError(_("There is no product %s.") % ", ".join(unknown))
    return list(found.values())
