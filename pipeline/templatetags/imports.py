"""How planned rows are written on pages."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from pipeline.models import PlannedAction, ProductImportRow

register = template.Library()

PLANNED = {
    PlannedAction.CREATE: ("ok", "+"),
    PlannedAction.UPDATE: ("run", "→"),
    PlannedAction.SAME: ("", "="),
    PlannedAction.SKIP: ("", "–"),
    PlannedAction.ERROR: ("bad", "!"),
    PlannedAction.STALE: ("warn", "!"),
}


@register.filter
def planned(row: ProductImportRow) -> SafeString:
    """What is planned for a row, or what became of it, as a word with an icon."""
    tone, icon = PLANNED[PlannedAction(row.action)]
    word = row.get_action_display()
    if row.applied:
        icon = "✓"
        word = _("created") if row.action == PlannedAction.CREATE else _("updated")
    return format_html('<span class="bs-pill {}"><span aria-hidden="true">{}</span>{}</span>', tone, icon, word)
