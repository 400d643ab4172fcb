"""Send products to the scrapers: the same rules as the admin's. Prints the ids of the jobs, one a line."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline import capacity, enhance
from pipeline.models import Product
from pipeline.spreadsheet import queries
from pipeline.stages import Stage


class Command(BaseCommand):
    help = "Create jobs that look products up at the distributors' sites. Without SKUs: all in stage imported."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sku", nargs="*", help="only these")
        parser.add_argument("--stage", choices=[stage.value for stage in Stage], help="all products in this stage")
        parser.add_argument("--import", dest="upload", type=UUID, metavar="ID", help="all products of this import")
        parser.add_argument("--scrapers", help="slugs, separated by commas; all that are active")
        parser.add_argument("--max-runners", type=int, default=enhance.DEFAULT_MAX_RUNNERS, metavar="N")
        parser.add_argument("--user", help="the user name of who asks")

    def handle(self, *args: Any, scrapers: str | None, max_runners: int, user: str | None, **options: Any) -> None:
        slugs = capacity.survey().usable if scrapers is None else _slugs(scrapers)
        by = _user(user) if user else None
        products = _products(**{name: options[name] for name in ("sku", "stage", "upload")})
        try:
            with atomic(durable=True):
                made = enhance.start(products, scrapers=slugs, max_runners=max_runners, by=by, source=_("command line"))
        except enhance.RefusedError as refused:
            raise CommandError(str(refused)) from refused
        for job in made.jobs:
            self.stdout.write(str(job.pk))
        self._say(made, slugs)

    def _say(self, made: enhance.Started, slugs: list[str]) -> None:
        """On stderr, so that stdout is nothing but ids."""
        count = made.batch.sku_count
        said = ngettext("%(n)d product goes to %(scrapers)s", "%(n)d products go to %(scrapers)s", count)
        self.stderr.write(said % {"n": count, "scrapers": ", ".join(slugs)})
        for reason, skus in enhance.by_reason(made.left_out).items():
            self.stderr.write(_("left out: %(skus)s. %(reason)s") % {"skus": ", ".join(skus), "reason": reason})


def _slugs(given: str) -> list[str]:
    slugs = [slug.strip() for slug in given.split(",") if slug.strip()]
    if not slugs:
        raise CommandError(_("--scrapers names none. Leave it out for all that are active."))
    return slugs


def _products(*, sku: list[str], stage: str | None, upload: UUID | None) -> "QuerySet[Product]":
    products = Product.objects.all() if upload is None else queries.products(upload)
    if sku:
        if unknown := sorted(set(sku) - set(products.filter(sku__in=sku).values_list("sku", flat=True))):
            raise CommandError(_("There is no product %(skus)s.") % {"skus": ", ".join(unknown)})
        products = products.filter(sku__in=sku)
    if stage or not (sku or upload):
        products = products.filter(stage=stage or Stage.IMPORTED)
    return products


def _user(name: str) -> User:
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist as error:
        raise CommandError(_("There is no user called %s.") % name) from error
