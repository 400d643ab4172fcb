"""Runners and their keys: named, given a key that is shown once, paused, their keys revoked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from runners import keys
from runners.models import Runner, RunnerKey
from runners.protocol.words import JobStatus
from scraping import attention, clock, doors, leaks, operations, queries
from scraping.admin.readonly import ReadOnlyAdmin, moment
from scraping.models import ScrapeJob, Scraper
from scraping.templatetags.operations import ago, pill, when

LOOKERS = attention.RUNNER_LOOKERS
READS_SHOWN = 200


class KeyForm(forms.Form):
    """Which scrapers a new key may run, and until when."""

    scope = forms.ChoiceField(
        label=gettext_lazy("May run"),
        choices=[
            ("all", gettext_lazy("all scrapers, also those added later")),
            ("these", gettext_lazy("only these:")),
            ("none", gettext_lazy("none")),
        ],
        widget=forms.RadioSelect,
    )
    scrapers = forms.MultipleChoiceField(
        label=gettext_lazy("Scrapers"), required=False, widget=forms.CheckboxSelectMultiple
    )
    expires_at = forms.SplitDateTimeField(label=gettext_lazy("Expires"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        slugs = Scraper.objects.values_list("slug", "display_name")
        self.fields["scrapers"].choices = [(slug, f"{slug} ({name})") for slug, name in slugs]  # type: ignore[attr-defined]
        self.fields["expires_at"].widget = AdminSplitDateTime()

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if "scope" in said and (said["scope"] == "these") != bool(said.get("scrapers")):
            raise forms.ValidationError(_("Tick scrapers for “only these”, and for nothing else."))
        return said

    def clean_expires_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["expires_at"]
        if moment is not None and moment <= clock.read():
            raise forms.ValidationError(_("This moment is past."))
        return moment

    @property
    def allowed(self) -> list[str] | None:
        return None if self.cleaned_data["scope"] == "all" else list(self.cleaned_data["scrapers"])


class KeyInline(admin.TabularInline[RunnerKey, Runner]):
    model = RunnerKey
    readonly_fields = ("prefix", "scope", "state", "created", "last_used", "revoke")
    fields = readonly_fields
    extra = max_num = 0
    can_delete = False
    verbose_name_plural = gettext_lazy("Keys")
    created = moment("created_at", gettext_lazy("Created"))
    last_used = moment("last_used_at", gettext_lazy("Last used"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(request.user.has_perm(name) for name in LOOKERS)

    @admin.display(description=gettext_lazy("Scrapers"))
    def scope(self, key: RunnerKey) -> str:
        return scope_of(key)

    @admin.display(description=gettext_lazy("State"))
    def state(self, key: RunnerKey) -> SafeString | str:
        return state_of(key)

    @admin.display(description=gettext_lazy("If it leaked"))
    def revoke(self, key: RunnerKey) -> SafeString | str:
        if key.revoked_at:
            return "–"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:runners_runnerkey_revoke", args=[key.pk]), _("Revoke…")
        )


def scope_of(key: RunnerKey) -> str:
    """What a key may run, in words."""
    if key.allowed_scrapers is None:
        return _("all scrapers")
    return ", ".join(key.allowed_scrapers) or _("none")


def state_of(key: RunnerKey) -> SafeString | str:
    """Whether a key still lets anybody in."""
    if key.revoked_at:
        return format_html("{} {}", _("revoked"), when(key.revoked_at))
    if key.expires_at:
        return format_html("{} {}", _("expires"), when(key.expires_at))
    return _("valid")


@admin.register(Runner)
class RunnerAdmin(admin.ModelAdmin[Runner]):
    list_display = ["name", "presence", "seen", "version", "memory_mb", "jobs_completed", "last_words"]
    list_filter = ["paused"]
    search_fields = ["name"]
    actions = ["pause", "resume"]
    fields = [
        "name",
        "paused",
        "presence",
        "seen",
        "version",
        "capabilities",
        "memory_mb",
        "jobs_completed",
        "last_words",
    ]
    readonly_fields = ["presence", "seen", "version", "capabilities", "memory_mb", "jobs_completed", "last_words"]
    inlines = [KeyInline]
    change_form_template = "operations/runner.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/key/", view(self.issue_key), name="runners_runner_key"),
            path("<uuid:pk>/switch/", view(self.switch), name="runners_runner_switch"),
        ]
        return own + super().get_urls()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(request.user.has_perm(name) for name in LOOKERS)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("runners.manage_runners")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("runners.manage_runners")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its jobs are history: a runner is paused and its keys revoked, never deleted."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Runner]:
        running = ScrapeJob.objects.filter(runner=OuterRef("pk"), status=JobStatus.RUNNING)
        return super().get_queryset(request).annotate(holds=Exists(running), read_at=Now())

    @admin.display(description=gettext_lazy("State"))
    def presence(self, runner: Runner) -> SafeString:
        read_at: datetime = runner.read_at  # type: ignore[attr-defined]
        if not runner.is_online(now=read_at):
            return pill("offline")
        holds: bool = runner.holds  # type: ignore[attr-defined]
        return pill("paused" if runner.paused else queries.runner_state(runner, online=True, holds=holds))

    @admin.display(description=gettext_lazy("Last spoke"), ordering="last_seen")
    def seen(self, runner: Runner) -> Any:
        return ago(runner.last_seen)

    @admin.action(description=gettext_lazy("Pause selected runners"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: Any) -> None:
        done = queryset.filter(paused=False).update(paused=True)
        messages.success(request, _("Paused: %(n)d. They finish what they hold and get nothing new.") % {"n": done})

    @admin.action(description=gettext_lazy("Resume selected runners"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: Any) -> None:
        done = queryset.filter(paused=True).update(paused=False)
        messages.success(request, _("Resumed: %(n)d.") % {"n": done})

    def switch(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Pause a runner or let it go on; asked for by a button that says which."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        runner = get_object_or_404(Runner, pk=pk)
        if request.method == "POST":
            act = self.resume if request.POST.get("to") == "active" else self.pause
            act(request, Runner.objects.filter(pk=runner.pk))
        return redirect(operations.back(request) or reverse("admin:runners_runner_change", args=[runner.pk]))

    def issue_key(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Make a key and show its secret this once."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        runner = get_object_or_404(Runner, pk=pk)
        form = KeyForm(request.POST if request.method == "POST" else None)
        secret = ""
        if form.is_valid():
            with transaction.atomic(durable=True):
                _key, secret = keys.issue(
                    runner,
                    allowed_scrapers=form.allowed,
                    expires_at=form.cleaned_data["expires_at"],
                    by=request.user,  # type: ignore[arg-type]
                )
        context = {
            **self.admin_site.each_context(request),
            "title": _("Key for %(runner)s") % {"runner": runner},
            "runner": runner,
            "form": form,
            "secret": secret,
            "server": request.build_absolute_uri("/").rstrip("/"),
        }
        answer = TemplateResponse(request, "operations/key.html", context)
        answer["Cache-Control"] = "no-store"
        return answer


@admin.register(RunnerKey)
class RunnerKeyAdmin(ReadOnlyAdmin):
    """Keys, and what to do when one leaked."""

    change_form_template = "operations/runner_key.html"
    view_permissions = LOOKERS
    list_display = ["prefix", "runner", "scope", "state", "last_used"]
    list_select_related = ["runner"]
    fields = ["prefix", "runner", "scope", "state", "created", "created_by", "last_used"]
    readonly_fields = ["created", "last_used"]
    created = moment("created_at", gettext_lazy("Created"))
    last_used = moment("last_used_at", gettext_lazy("Last used"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [path("<uuid:pk>/revoke/", view(self.revoke), name="runners_runnerkey_revoke"), *super().get_urls()]

    @admin.display(description=gettext_lazy("Scrapers"))
    def scope(self, key: RunnerKey) -> str:
        return scope_of(key)

    @admin.display(description=gettext_lazy("State"))
    def state(self, key: RunnerKey) -> SafeString | str:
        return state_of(key)

    def revoke(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Ask, then end the key; the page lists the passwords it read, which are to be changed at their sites."""
        if not request.user.has_perm("runners.manage_runners"):
            raise PermissionDenied
        key = get_object_or_404(RunnerKey.objects.select_related("runner"), pk=pk)
        handed_on: Sequence[ScrapeJob] = ()
        if request.method == "POST":
            with doors.transact():
                revoked = leaks.revoke(key, hand_on="hand_on" in request.POST)
            handed_on = revoked.handed_on
            said = _("Revoked. Its next request is refused.") if revoked.ended else _("It was revoked already.")
            messages.success(request, said)
            key.refresh_from_db()
        read = leaks.passwords_read(key)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Revoke key %(key)s") % {"key": key},
            "key": key,
            "others": leaks.other_keys(key),
            "read": read[:READS_SHOWN],
            "read_count": read.count(),
            "handed_on": handed_on,
            "jobs": key.runner.jobs.filter(status=JobStatus.RUNNING).defer("context", "final_answer"),
        }
        return TemplateResponse(request, "operations/revoke.html", context)
