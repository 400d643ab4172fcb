"""The form that adds one product, read by the same rules as a row of a spreadsheet."""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.models import Product
from pipeline.spreadsheet import cleaning
from pipeline.spreadsheet.cells import Cell

Read = TypeVar("Read")


class AddForm(forms.ModelForm[Product]):
    """SKU, register name and price of a new product, as text."""

    target_price = forms.CharField(label=gettext_lazy("Target price"), required=False)

    class Meta:
        model = Product
        fields = ["sku", "register_name", "target_price"]
        widgets = {
            "sku": forms.TextInput(attrs={"class": "vTextField", "autofocus": True}),
            "register_name": forms.TextInput(attrs={"class": "vTextField"}),
        }

    def clean_sku(self) -> str:
        return _read(cleaning.sku, self.cleaned_data["sku"]).value

    def clean_register_name(self) -> str:
        name = _read(cleaning.name, self.cleaned_data["register_name"])
        if not name:
            raise ValidationError(_("The name is blank."))
        return name

    def clean_target_price(self) -> Decimal | None:
        return _read(cleaning.price, self.cleaned_data["target_price"] or None).value


def _read(rule: Callable[[Cell], Read], text: str | None) -> Read:
    try:
        return rule(Cell(text))
    except cleaning.UnreadableError as error:
        raise ValidationError(str(error)) from error
