"""Export products into a file: the same rows and the same rules as the admin's."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline.export import build, waiting
from pipeline.export.files import Format
from pipeline.models import ExportState, Product, ProductExport
from pipeline.stages import Stage

STAGES = {"approved": [Stage.APPROVED], "published": [Stage.PUBLISHED], "both": list(build.MAY_LEAVE)}


class Command(BaseCommand):
    help = "Write approved products into FILE (.csv or .xlsx); they become published. The export is kept in the admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--stage", choices=list(STAGES), default="approved", help="which products (approved)")
        parser.add_argument("--sku", action="append", help="only these; repeat it for several")
        parser.add_argument("--user", help="the user name in the products' history")

    def handle(
        self, *args: Any, file: Path, stage: str, sku: list[str] | None, user: str | None, **options: Any
    ) -> None:
        form = _format(file)
        by = _user(user) if user else None
        products = _named(sku) if sku else Product.objects.all()
        export = _built(products.filter(stage__in=STAGES[stage]), form, by)
        try:
            file.write_bytes(bytes(export.content or b""))
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}. The file is kept in the admin under Exports.") from error
        said = ngettext("%(n)d product exported to %(file)s", "%(n)d products exported to %(file)s", export.count)
        self.stdout.write(self.style.SUCCESS(said % {"n": export.count, "file": file}))


def _format(file: Path) -> Format:
    suffix = file.suffix.lower().removeprefix(".")
    if suffix not in list(Format):
        raise CommandError(_("%(file)s: the name must end in .csv or .xlsx.") % {"file": file})
    return Format(suffix)


def _named(skus: list[str]) -> "QuerySet[Product]":
    products = Product.objects.filter(sku__in=skus)
    if unknown := sorted(set(skus) - set(products.values_list("sku", flat=True))):
        raise CommandError(_("There is no product %(skus)s.") % {"skus": ", ".join(unknown)})
    return products


def _built(products: "QuerySet[Product]", form: Format, by: User | None) -> ProductExport:
    with atomic(durable=True):
        export = build.ask(products, form=form, by=by)
    if export is None:
        raise CommandError(_("There is nothing to export: no such product is approved."))
    waiting.work_on(export.pk)
    export.refresh_from_db()
    if export.state == ExportState.FAILED:
        raise CommandError(export.problem)
    return export


def _user(name: str) -> User:
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist as error:
        raise CommandError(_("There is no user called %s.") % name) from error
