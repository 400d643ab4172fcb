"""Changing a scraper: saved definitions, pause and resume."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Max
from django.db.models.functions import Now

from runners.protocol.definition import DefinitionError, Problem, parse
from scraping.models import Scraper, ScraperState, ScraperVersion


def save_version(scraper: Scraper, document: Mapping[str, Any], *, by: User | None) -> ScraperVersion:
    """Keep `document` as the scraper's next version; jobs claimed from now on use it.

    Raises DefinitionError when it is no definition, or speaks of another scraper.
    """
    definition = parse(document)
    if definition.slug != scraper.slug:
        raise DefinitionError([Problem("slug", f"is “{definition.slug}”, but this scraper is “{scraper.slug}”")])
    Scraper.objects.select_for_update(no_key=True).get(pk=scraper.pk)
    last = scraper.versions.aggregate(last=Max("number"))["last"] or 0
    return ScraperVersion.objects.create(scraper=scraper, number=last + 1, definition=dict(document), created_by=by)


def pause(scraper: Scraper, *, reason: str) -> bool:
    """Stop offering its jobs, and say why. False when it was paused already: the first reason stays."""
    return _move(scraper, ScraperState.ACTIVE, state=ScraperState.PAUSED, state_reason=reason[:500])


def resume(scraper: Scraper) -> bool:
    """Offer its jobs again; its count of failed logins starts anew. False when it was not paused."""
    return _move(scraper, ScraperState.PAUSED, state=ScraperState.ACTIVE, state_reason="", login_failures=0)


def _move(scraper: Scraper, expected: ScraperState, **values: Any) -> bool:
    moved = Scraper.objects.filter(pk=scraper.pk, state=expected).update(state_since=Now(), **values)
    return moved == 1
