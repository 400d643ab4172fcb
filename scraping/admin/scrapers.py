"""Scrapers: their definitions, checked on save, their state, their write-only credentials."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from runners.protocol.definition import DefinitionError, parse, write
from scraping import attention, credentials, operations, scrapers, slots
from scraping.admin import runs_page
from scraping.admin.readonly import moment
from scraping.models import Scraper, ScraperCredential, ScraperState, ScraperVersion
from scraping.templatetags.operations import ago, pill, when

LOOKERS = attention.SCRAPER_LOOKERS


class DefinitionField(forms.CharField):
    """A definition as JSON text; an error names the line, or the path inside the document."""

    widget = forms.Textarea(
        attrs={"rows": 32, "cols": 110, "spellcheck": "false", "wrap": "off", "class": "bs-mono vLargeTextField"}
    )

    def clean(self, value: Any) -> dict[str, Any]:
        text = super().clean(value)
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise forms.ValidationError(
                _("This is not JSON: line %(line)d, column %(column)d: %(what)s.")
                % {"line": error.lineno, "column": error.colno, "what": error.msg}
            ) from None
        except RecursionError:
            raise forms.ValidationError(_("This is nested too deeply.")) from None
        try:
            parse(document)
        except DefinitionError as error:
            raise forms.ValidationError([str(problem) for problem in error.problems]) from None
        return dict(document)


class ScraperForm(forms.ModelForm[Scraper]):
    definition = DefinitionField(
        label=gettext_lazy("Definition"),
        help_text=gettext_lazy("JSON. A change makes a new version; older ones stay as they were."),
    )

    class Meta:
        model = Scraper
        fields = ["display_name", "trust", "max_parallel_jobs"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        latest = self.instance.latest() if self.instance.slug else None
        if latest:
            self.initial["definition"] = write(latest.definition)

    def clean_definition(self) -> dict[str, Any]:
        document: dict[str, Any] = self.cleaned_data["definition"]
        slug = document["slug"]
        if self.instance.slug and slug != self.instance.slug:
            raise forms.ValidationError(
                _("slug: is “%(new)s”, but this scraper is “%(old)s”. A slug never changes; add another scraper.")
                % {"new": slug, "old": self.instance.slug}
            )
        if not self.instance.slug and Scraper.objects.filter(slug=slug).exists():
            raise forms.ValidationError(_("slug: there is a scraper “%(slug)s” already.") % {"slug": slug})
        return document


class CredentialsForm(forms.Form):
    """What is typed here is never shown again."""

    username = forms.CharField(label=gettext_lazy("User name"), max_length=500, widget=forms.TextInput)
    password = forms.CharField(
        label=gettext_lazy("Password"), max_length=500, strip=False, widget=forms.PasswordInput(render_value=False)
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"


class VersionInline(admin.TabularInline[ScraperVersion, Scraper]):
    model = ScraperVersion
    readonly_fields = ("number", "created", "created_by", "said")
    fields = readonly_fields
    ordering = ["-number"]
    extra = max_num = 0
    can_delete = False
    verbose_name_plural = gettext_lazy("Versions")
    created = moment("created_at", gettext_lazy("Saved"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(request.user.has_perm(name) for name in LOOKERS)

    @admin.display(description=gettext_lazy("Definition"))
    def said(self, version: ScraperVersion) -> SafeString:
        return format_html(
            '<details><summary>{}</summary><pre class="bs-mono bs-scroll">{}</pre></details>',
            _("show"),
            write(version.definition),
        )


@admin.register(Scraper)
class ScraperAdmin(admin.ModelAdmin[Scraper]):
    form = ScraperForm
    list_display = ["slug", "display_name", "status", "version", "trust", "has_credentials", "since"]
    list_filter = ["state"]
    search_fields = ["slug", "display_name"]
    actions = ["pause", "resume"]
    change_form_template = "operations/scraper.html"
    inlines = [VersionInline]
    readonly_fields = ["status", "at_work", "credentials_state"]
    fields = ["display_name", "trust", "max_parallel_jobs", "at_work", "status", "credentials_state", "definition"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/credentials/", view(self.credentials), name="scraping_scraper_credentials"),
            path("<uuid:pk>/runs/", view(self.runs), name="scraping_scraper_runs"),
            path("<uuid:pk>/switch/", view(self.switch), name="scraping_scraper_switch"),
        ]
        return own + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what the columns tell of each: newest version, whether it logs in, whether secrets are stored."""
        newest = ScraperVersion.objects.filter(scraper=OuterRef("pk")).order_by("-number")
        return (
            super()
            .get_queryset(request)
            .annotate(
                newest=Subquery(newest.values("number")[:1]),
                login=Subquery(newest.values("definition__login")[:1]),
                stored=Exists(ScraperCredential.objects.filter(scraper=OuterRef("pk"))),
            )
        )

    # who may

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(request.user.has_perm(name) for name in LOOKERS)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scraping.manage_scrapers")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("scraping.manage_scrapers")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its versions and results are history: a scraper is paused, never deleted."""
        return False

    # columns

    @admin.display(description=gettext_lazy("Status"), ordering="state")
    def status(self, scraper: Scraper) -> SafeString:
        word = pill(scraper.state)
        return format_html("{} {}", word, scraper.state_reason) if scraper.state_reason else word

    @admin.display(description=gettext_lazy("Version"))
    def version(self, scraper: Any) -> str:
        return f"v{scraper.newest}" if scraper.newest else "–"

    @admin.display(description=gettext_lazy("Credentials"))
    def has_credentials(self, scraper: Any) -> str:
        if scraper.stored:
            return _("stored")
        return _("missing") if scraper.login else _("none needed")

    @admin.display(description=gettext_lazy("Since"), ordering="state_since")
    def since(self, scraper: Scraper) -> Any:
        return ago(scraper.state_since)

    @admin.display(description=gettext_lazy("At work there now"))
    def at_work(self, scraper: Scraper) -> str:
        working, wanting = slots.used(scraper.slug)
        said = ngettext("%(n)d job", "%(n)d jobs", working) % {"n": working}
        if wanting:
            more = ngettext(", %(n)d more waits for its turn", ", %(n)d more wait for their turn", wanting)
            said += more % {"n": wanting}
        if scraper.max_parallel_jobs is not None and working > scraper.max_parallel_jobs:
            said += _("; until some have finished there, none begins")
        return said

    @admin.display(description=gettext_lazy("Credentials"))
    def credentials_state(self, scraper: Scraper) -> SafeString | str:
        if not scraper.slug:
            return _("Save first, then set them.")
        stored = ScraperCredential.objects.filter(scraper=scraper).first()
        said = format_html("{} {}", _("stored, changed"), when(stored.updated_at)) if stored else _("none")
        url = reverse("admin:scraping_scraper_credentials", args=[scraper.pk])
        return format_html('{} · <a href="{}">{}</a>', said, url, _("set…"))

    # acts

    def save_model(self, request: HttpRequest, obj: Scraper, form: Any, change: bool) -> None:
        document = form.cleaned_data["definition"]
        obj.slug = document["slug"]
        # only what was typed: a scraper that was paused meanwhile stays so
        obj.save(update_fields=ScraperForm.Meta.fields if change else None)
        newest = obj.latest()
        if newest is None or newest.definition != document:
            version = scrapers.save_version(obj, document, by=request.user)  # type: ignore[arg-type]
            messages.info(request, _("Saved as version %(number)d.") % {"number": version.number})

    @admin.action(description=gettext_lazy("Pause selected scrapers"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: Any) -> None:
        done = sum(scrapers.pause(s, reason=_("Paused by %(who)s.") % {"who": request.user}) for s in queryset)
        messages.success(request, _("Paused: %(n)d. Jobs that need them wait until they are resumed.") % {"n": done})

    @admin.action(description=gettext_lazy("Resume selected scrapers"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: Any) -> None:
        done = sum(scrapers.resume(scraper) for scraper in queryset)
        messages.success(request, _("Resumed: %(n)d.") % {"n": done})

    def switch(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Pause an active scraper, resume a paused one; asked for by the form on its page, which says which."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        scraper = get_object_or_404(Scraper, pk=pk)
        chosen = Scraper.objects.filter(pk=scraper.pk)
        if request.method == "POST":
            (self.resume if request.POST.get("to") == ScraperState.ACTIVE else self.pause)(request, chosen)
        return redirect(operations.back(request) or reverse("admin:scraping_scraper_change", args=[scraper.pk]))

    def runs(self, request: HttpRequest, pk: Any) -> HttpResponse:
        watches = any(request.user.has_perm(name) for name in operations.LOOKERS)
        if not (watches and self.has_view_permission(request)):
            raise PermissionDenied
        return runs_page.show(request, get_object_or_404(Scraper, pk=pk), self.admin_site.each_context(request))

    def _store(self, scraper: Scraper, form: CredentialsForm, request: HttpRequest) -> bool:
        """False, and the form says why, where the server has no key to encrypt with."""
        try:
            with transaction.atomic(durable=True):
                credentials.store(scraper, form.cleaned_data, by=request.user)  # type: ignore[arg-type]
        except ImproperlyConfigured as error:
            form.add_error(None, str(error))
            return False
        return True

    def credentials(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Set the user name and password; nothing stored is ever shown."""
        if not request.user.has_perm("scraping.manage_credentials"):
            raise PermissionDenied
        scraper = get_object_or_404(Scraper, pk=pk)
        form = CredentialsForm(request.POST if request.method == "POST" else None)
        if form.is_valid() and self._store(scraper, form, request):
            messages.success(request, _("Stored, encrypted. Runners read them when they next need to log in."))
            if not scraper.is_active:
                messages.warning(request, _("%(scraper)s is still paused: resume it.") % {"scraper": scraper})
            return redirect(reverse("admin:scraping_scraper_change", args=[scraper.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Credentials of %(scraper)s") % {"scraper": scraper},
            "scraper": scraper,
            "form": form,
        }
        return TemplateResponse(request, "operations/credentials.html", context)
