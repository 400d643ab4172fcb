"""How states, outcomes and durations are written on pages."""

from datetime import datetime

from django import template
from django.template.defaultfilters import date as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _

from scraping.visible import visible

register = template.Library()
register.filter(visible)

TONES = {
    "found": ("ok", "✓"),
    "completed": ("ok", "✓"),
    "online": ("ok", "●"),
    "active": ("ok", "●"),
    "running": ("run", "●"),
    "busy": ("run", "●"),
    "pending": ("", "…"),
    "not_found": ("", "–"),
    "skipped": ("", "–"),
    "offline": ("", "○"),
    "paused": ("warn", "Ⅱ"),
    "draining": ("warn", "↓"),
    "ambiguous": ("warn", "?"),
    "unreported": ("warn", "?"),
    "cancelled": ("", "×"),
}


@register.filter
def pill(word: str) -> SafeString:
    """A status or outcome as a word with an icon; its colour only repeats what the word says."""
    tone, icon = TONES.get(word, ("bad", "!"))
    return format_html('<span class="bs-pill {}"><span aria-hidden="true">{}</span>{}</span>', tone, icon, spaced(word))


@register.filter
def spaced(word: str) -> str:
    """A status or outcome as words."""
    return word.replace("_", " ")


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as a person says them: 0.4 s, 12 s, 3 min, 2 h 5 min."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """A `<time>` which a script rewrites in the reader's zone; without one it says the server's."""
    if moment is None:
        return "–"
    local = localtime(moment)
    return format_html(
        '<time datetime="{}" data-when>{}</time>', moment.isoformat(), format_date(local, "j M Y, H:i:s T")
    )


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago, with the exact time on hover."""
    if moment is None:
        return _("never")
    seconds = (now() - moment).total_seconds()
    age = duration(seconds) if seconds < 60 else timesince(moment, depth=1)
    said = _("%(age)s ago") % {"age": age} if seconds >= 15 else _("just now")
    return format_html('<time datetime="{}" data-hover>{}</time>', moment.isoformat(), said)


@register.filter
def since(moment: datetime | None, start: datetime | None) -> str:
    """How long after `start`, as in "after 3 s"."""
    if moment is None or start is None:
        return ""
    return _("after %(time)s") % {"time": duration(max(0.0, (moment - start).total_seconds()))}
