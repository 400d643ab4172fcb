"""How an alert leaves the house: by mail, by webhook. Neither message nor what is said of failure holds a secret."""

import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scraping.models import ScrapeAlert

MOST_SHOWN = 50
_PATIENCE = (5, 10)  # seconds to connect, and between two bytes of the answer


@dataclass(frozen=True)
class Channel:
    """`send` says why the alerts could not be delivered; nothing where they were."""

    name: str
    send: Callable[[Sequence[ScrapeAlert]], str]


def channels() -> list[Channel]:
    """Those that are set up."""
    mail = [Channel("mail", _mail)] if settings.ALERT_MAIL else []
    return mail + ([Channel("webhook", _webhook)] if settings.ALERT_WEBHOOK else [])


def title(alerts: Sequence[ScrapeAlert]) -> str:
    """One line for all of them."""
    begun = [alert for alert in alerts if not alert.over_at]
    if len(alerts) == 1:
        (alert,) = alerts
        said = _("over: %(what)s, %(subject)s") if alert.over_at else "%(what)s, %(subject)s"
        return " ".join(f"BayState: {said % {'what': alert.word, 'subject': alert.subject}}".split())
    over = len(alerts) - len(begun)
    parts = [ngettext("%(n)d thing needs attention", "%(n)d things need attention", len(begun)) % {"n": len(begun)}]
    parts = parts if begun else []
    parts += [ngettext("%(n)d is over", "%(n)d are over", over) % {"n": over}] if over else []
    return f"BayState: {', '.join(parts)}"


def text(alerts: Sequence[ScrapeAlert]) -> str:
    """What, since when, whose problem, what to do, and where: a paragraph for each."""
    shown = "\n\n".join(_paragraph(alert) for alert in alerts[:MOST_SHOWN])
    more = len(alerts) - MOST_SHOWN
    return f"{shown}\n\n" + _("… and %(n)d more.") % {"n": more} if more > 0 else shown


def _paragraph(alert: ScrapeAlert) -> str:
    words = {"what": alert.word, "subject": alert.subject, "since": _moment(alert.since)}
    if alert.over_at:
        return _("Over: %(what)s, %(subject)s. It stood from %(since)s to %(until)s.") % {
            **words,
            "until": _moment(alert.over_at),
        }
    said = _("%(what)s, %(subject)s, since %(since)s.") % words
    return f"{said}\n{alert.sentence}\n{alert.action}: {_link(alert)}"


def _moment(moment: Any) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M %Z")


def _link(alert: ScrapeAlert) -> str:
    return f"{settings.PUBLIC_URL}{alert.url}"


def _as_json(alert: ScrapeAlert) -> dict[str, str | None]:
    return {
        "key": alert.key,
        "state": alert.state,
        "what": alert.word,
        "subject": alert.subject,
        "sentence": alert.sentence,
        "action": alert.action,
        "url": _link(alert),
        "since": alert.since.isoformat(),
        "over": alert.over_at.isoformat() if alert.over_at else None,
    }


def _mail(alerts: Sequence[ScrapeAlert]) -> str:
    try:
        send_mail(title(alerts), text(alerts), None, settings.ALERT_MAIL)
    except (smtplib.SMTPException, OSError) as error:
        return type(error).__name__
    return ""


def _webhook(alerts: Sequence[ScrapeAlert]) -> str:
    """POST one JSON object; anything but 2xx is a failure, redirects too: the address may hold a secret."""
    said = {"text": f"{title(alerts)}\n\n{text(alerts)}", "alerts": [_as_json(alert) for alert in alerts]}
    try:
        with requests.post(
            settings.ALERT_WEBHOOK, json=said, timeout=_PATIENCE, allow_redirects=False, stream=True
        ) as answer:
            return "" if answer.ok and answer.status_code < 300 else f"it answers {answer.status_code}"
    except requests.RequestException as error:
        return type(error).__name__
