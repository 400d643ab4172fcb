"""Tells people, once, that something began to need attention, and once that it is over.

The table is the truth: a chore looks, another worker waits for it, and what could not be delivered is tried again.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import translation

from scraping import announcing, attention, clock
from scraping.attention import Need
from scraping.models import ScrapeAlert

logger = logging.getLogger(__name__)
# what comes back sooner was not over: a thing that flaps is one alert
SETTLED = timedelta(minutes=10)
REMEMBERED = timedelta(days=7)
# one number among the database's advisory locks: one worker at a time announces
_ANNOUNCING = 7_221_003


def work(*, now: datetime | None = None) -> None:
    """Look at what needs attention, and tell each channel what it does not know yet."""
    channels = announcing.channels()
    if not channels:
        return
    now = now or clock.read()
    with translation.override(settings.LANGUAGE_CODE):
        with transaction.atomic(durable=True):
            if not _is_mine():
                return
            look(attention.needs(now=now), now=now)
        for channel in channels:
            with transaction.atomic(durable=True):
                if _is_mine():
                    _tell(channel, now)


def look(found: Sequence[Need], *, now: datetime) -> None:
    """Note what began, what still stands and what has been gone long enough to be over. Needs a transaction."""
    needs = {need.key[:300]: need for need in found}
    standing = {alert.key: alert for alert in ScrapeAlert.objects.filter(over_at__isnull=True)}
    for key, need in needs.items():
        alert = standing.get(key) or ScrapeAlert(key=key, since=need.since or now)
        alert.word, alert.subject = need.word[:100], need.subject[:200]
        alert.sentence, alert.action, alert.url = need.sentence, need.action[:100], need.url
        alert.gone_at = None
        alert.save()
    for key, alert in standing.items():
        if key not in needs:
            alert.gone_at = alert.gone_at or now
            alert.over_at = alert.gone_at if now - alert.gone_at >= SETTLED else None
            alert.save(update_fields=["gone_at", "over_at"])


def _tell(channel: announcing.Channel, now: datetime) -> None:
    """Say all that is new to this channel in one message. The rows are marked only once it was taken."""
    known = Q(over_at__isnull=True) | Q(over_at__gte=now - REMEMBERED)
    alerts = [row for row in ScrapeAlert.objects.filter(known) if row.told.get(channel.name) != row.state]
    if not alerts:
        return
    trouble = channel.send(alerts)
    if trouble:
        logger.warning("alerts could not be delivered by %s: %s", channel.name, trouble)
    for alert in alerts:
        alert.trouble.pop(channel.name, None)
        if trouble:
            alert.trouble[channel.name] = trouble
        else:
            alert.told[channel.name], alert.announced_at = alert.state, now
        alert.save(update_fields=["trouble", "told", "announced_at"])


def _is_mine() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ANNOUNCING])
        return bool(cursor.fetchone()[0])
