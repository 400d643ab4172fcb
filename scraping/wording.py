"""How the words of the machinery are said to people, in their language."""

from django.utils.translation import gettext_lazy as _

LABELS = {
    "pending": _("pending"),
    "running": _("running"),
    "completed": _("completed"),
    "failed": _("failed"),
    "error": _("error"),
    "interrupted": _("interrupted"),
    "cancelled": _("cancelled"),
    "unacknowledged": _("unacknowledged"),
    "timeout": _("timeout"),
    "found": _("found"),
    "not_found": _("not found"),
    "ambiguous": _("ambiguous"),
    "blocked": _("blocked"),
    "login_failed": _("login failed"),
    "layout_changed": _("layout changed"),
    "network": _("network"),
    "policy_denied": _("policy denied"),
    "runner_error": _("runner error"),
    "skipped": _("skipped"),
    "unreported": _("unreported"),
    "online": _("online"),
    "busy": _("busy"),
    "draining": _("draining"),
    "offline": _("offline"),
    "paused": _("paused"),
    "active": _("active"),
}


def label(word: str) -> str:
    """A status, reason, outcome or state as a person reads it; a word that is none of these as it is, spaced."""
    return str(LABELS.get(word) or word.replace("_", " "))
