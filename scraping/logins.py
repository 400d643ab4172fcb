"""Counts failed logins. Two in a row pause the scraper: a third could lock the account at the distributor."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from runners.protocol.words import Outcome
from scraping import doors, scrapers
from scraping.models import Scraper
from scraping.units import Unit

MAX_FAILURES = 2
# a unit that ended so has been past the login; the others never came so far, or nobody can tell
_PAST_LOGIN = {Outcome.FOUND, Outcome.NOT_FOUND, Outcome.AMBIGUOUS, Outcome.LAYOUT_CHANGED}

_WATCHED = f"""
    SELECT * FROM scrapers
    WHERE (slug = ANY(%s::varchar[]) OR slug = ANY(%s::varchar[]) AND login_failures > 0) AND {doors.GIVES_UP}
    ORDER BY slug FOR NO KEY UPDATE
"""  # noqa: S608 - our own


def watch(units: Iterable[Unit]) -> dict[str, Scraper]:
    """Lock the scrapers whose count `units` may change, in the order of their slugs; before any job is locked."""
    ended = {(unit.scraper, unit.ended) for unit in units}
    failing = {slug for slug, outcome in ended if outcome == Outcome.LOGIN_FAILED}
    past = {slug for slug, outcome in ended if outcome in _PAST_LOGIN}
    if not failing | past:
        return {}
    return {scraper.slug: scraper for scraper in Scraper.objects.raw(_WATCHED, [sorted(failing), sorted(past)])}


def count(watched: dict[str, Scraper], units: Sequence[Unit]) -> dict[str, str]:
    """Count newly stored `units` in their order; by slug, why a scraper was paused."""
    paused: dict[str, str] = {}
    for unit in units:
        scraper = watched.get(unit.scraper)
        if scraper is None:
            continue
        if unit.ended == Outcome.LOGIN_FAILED:
            scraper.login_failures = min(scraper.login_failures + 1, MAX_FAILURES)
        elif unit.ended in _PAST_LOGIN:
            scraper.login_failures = 0
        if scraper.login_failures == MAX_FAILURES and scraper.slug not in paused:
            reason = _("Two logins in a row failed. Check the user name and password, then resume it.")
            paused |= {scraper.slug: reason} if scrapers.pause(scraper, reason=reason) else {}
    Scraper.objects.bulk_update(watched.values(), ["login_failures"])
    return paused
