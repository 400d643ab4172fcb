"""What is written into a product's history, and who was last."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from pipeline.models import Product, ProductEvent


def event(product: Product, by: User, field: str, *, old: Any = None, new: Any = None, why: str = "") -> ProductEvent:
    return ProductEvent(product=product, by=by, field=field, old=old, new=new, why=why)


def last(product: Product, field: str) -> str:
    """Who changed `field` last, and when, for a sentence."""
    event = ProductEvent.objects.filter(product=product, field=field).select_related("by").first()
    if event is None:
        return _("its import")
    name = event.by.get_username() if event.by else event.actor
    return f"{name}, {date_format(timezone.localtime(event.at), 'SHORT_DATETIME_FORMAT')}"
