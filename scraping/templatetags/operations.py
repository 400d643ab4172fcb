"""How states, outcomes and durations are written on pages."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from django import template
from django.template.defaultfilters import date as format_date
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _

from scraping import addresses, wording
from scraping.tally import Tally
from scraping.visible import visible


class Units(Protocol):
    """What knows how many units there are and how many of them are done."""

    @property
    def total(self) -> int: ...

    @property
    def done(self) -> int: ...


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
    return wording.label(word)


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as a person says them: 0.4 s, 12 s, 3 min, 2 h 5 min."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return _("%(n)s s") % {"n": number(seconds, 1 if seconds < 10 else 0)}
    minutes = round(seconds / 60)
    if minutes < 90:
        return _("%(n)d min") % {"n": minutes}
    return _("%(hours)s h %(minutes)d min") % {"hours": number(minutes // 60), "minutes": minutes % 60}


@register.filter
def number(value: float | None, places: int = 0) -> str:
    """A number as the reader's language writes it, with its groups; "–" where there is none."""
    if value is None:
        return "–"
    if not places and abs(value) < 999.5:
        return str(round(value))  # nothing to group: most numbers, and a page has a thousand
    return number_format(round(value, places) if places else round(value), places, use_l10n=True, force_grouping=True)


@register.filter
def page(key: UUID, name: str) -> str:
    """The address of an admin page, as `url` gives it."""
    return addresses.page(name, key)


@register.filter
def cells(values: Iterable[float | None]) -> SafeString:
    """Whole numbers as the cells of a table's row."""
    return SafeString("".join(f'<td class="n">{number(value)}</td>' for value in values))


@register.filter
def bar(tally: Tally) -> SafeString:
    """What is done of a job as a progress bar of three stretches."""
    stretches = ((kind, f"{start:.2f}", f"{width:.2f}") for kind, start, width in tally.bars)
    return format_html(
        '<svg class="bs-bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="progressbar" aria-valuemin="0"'
        ' aria-valuemax="{}" aria-valuenow="{}" aria-label="{}">{}</svg>',
        tally.total,
        tally.done,
        progress(tally),
        format_html_join("", '<rect class="{}" x="{}" y="0" width="{}" height="8"></rect>', stretches),
    )


@register.filter
def progress(units: Units) -> str:
    """How many units of a job, or of several, are done."""
    return _("%(done)s of %(total)s units") % {"done": number(units.done), "total": number(units.total)}


@register.filter
def outcomes(tally: Tally) -> SafeString:
    """What became of a job's units, in words and numbers; "–" where none is done."""
    kinds = [("ok", "✓", tally.found, spaced("found")), ("", "–", tally.not_found, spaced("not_found"))]
    kinds += [("bad", "!", count, spaced(word)) for word, count in tally.troubles]
    kinds += [("", "–", tally.skipped, spaced("skipped"))]
    said = [(tone, icon, number(count), label) for tone, icon, count, label in kinds if count]
    shape = '<span class="{}"><span aria-hidden="true">{}</span> {} {}</span>'
    words = format_html_join(" ", shape, said) if tally.done else "–"
    return format_html('<span class="bs-outcomes bs-num">{}</span>', words)


@register.filter
def share(part: float | None, whole: float) -> str:
    """`part` of `whole` in percent, as the width of a bar."""
    return f"{100 * part / whole:.2f}" if part and whole else "0"


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
def ago(moment: datetime | None, at: datetime | None = None) -> SafeString | str:
    """How long before `at`, or now, with the exact time on hover."""
    if moment is None:
        return _("never")
    at = at or now()
    seconds = (at - moment).total_seconds()
    age = duration(seconds) if seconds < 60 else timesince(moment, at, depth=1)
    said = _("%(age)s ago") % {"age": age} if seconds >= 15 else _("just now")
    return format_html('<time datetime="{}" data-hover>{}</time>', moment.isoformat(), said)


@register.filter
def since(moment: datetime | None, start: datetime | None) -> str:
    """How long after `start`, as in "after 3 s"."""
    if moment is None or start is None:
        return ""
    return _("after %(time)s") % {"time": duration(max(0.0, (moment - start).total_seconds()))}
