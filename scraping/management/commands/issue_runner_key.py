"""Issue a runner's key from the command line. The key alone goes to standard output, so that it can be piped."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from runners import keys
from runners.models import Runner
from scraping.models import Scraper

LONGEST_NAME = 100  # as much as the column holds


class Command(BaseCommand):
    help = "Issue a key for a runner, made on the spot when there is none of that name. The key is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the runner's name, as the operations page shows it")
        scope = parser.add_mutually_exclusive_group(required=True)
        scope.add_argument("--all", action="store_true", help="every scraper, also those added later")
        scope.add_argument("--none", action="store_true", help="no scraper")
        scope.add_argument("--scrapers", action="append", metavar="a,b", help="these scrapers only, by slug")
        parser.add_argument("--expires-days", type=int, metavar="N", help="the key ends after N days; default: never")

    def handle(self, *args: Any, **options: Any) -> None:
        allowed = None if options["all"] else _slugs(options["scrapers"] or [])
        days = options["expires_days"]
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError("--expires-days: a number from 1 to 36500.")
        name = _name(options["name"])
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        with transaction.atomic(durable=True):
            runner, _ = Runner.objects.get_or_create(name=name)
            _, secret = keys.issue(runner, allowed_scrapers=allowed, expires_at=expires_at)
        self.stderr.write(f"Key for {runner.name}, {_scope(allowed)}. It is not shown again:")
        self.stdout.write(secret)


def _name(given: str) -> str:
    """Raises CommandError for what is no name."""
    name = given.strip()
    if not name.isprintable() or not 1 <= len(name) <= LONGEST_NAME:
        raise CommandError(f"NAME: one line of at most {LONGEST_NAME} characters.")
    return name


def _slugs(given: list[str]) -> list[str]:
    """The slugs in `a,b` arguments. Raises CommandError for one that no scraper has."""
    slugs = list(dict.fromkeys(slug.strip() for text in given for slug in text.split(",") if slug.strip()))
    if given and not slugs:
        raise CommandError("--scrapers names none. For a key without scrapers, say --none.")
    known = set(Scraper.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    if unknown := [slug for slug in slugs if slug not in known]:
        raise CommandError(f"There is no scraper called {', '.join(unknown)}.")
    return slugs


def _scope(allowed: list[str] | None) -> str:
    return "all scrapers" if allowed is None else ", ".join(allowed) or "no scraper"
