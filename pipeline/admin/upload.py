"""The form that takes a spreadsheet, and the first look at what it takes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from pipeline.spreadsheet import reader, work
from pipeline.spreadsheet.cells import RefusedError


class UploadForm(forms.Form):
    """One file; `cleaned_data["file"]` is its `(content, name)`."""

    file = forms.FileField(
        label=_("Spreadsheet"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv", "autofocus": True}),
        error_messages={"required": _("Choose a file first.")},
    )

    def clean_file(self) -> tuple[bytes, str]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        limits = work.limits()
        try:
            content = file.read(limits.size + 1)
            reader.check(content, file.name or "", limits)
        except RefusedError as refused:
            raise ValidationError(str(refused)) from refused
        return content, file.name or ""
