"""The admin: repositories with their fork links, sessions, and the access log."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .conf import app_settings
from .models import AccessLogEntry, CodingSession, ForkSighting, ModelUsage, Repo, SessionRecap

if TYPE_CHECKING:
    _RepoForm = forms.ModelForm[Repo]
    _SightingInline = admin.TabularInline[ForkSighting, Repo]
    _UsageInline = admin.TabularInline[ModelUsage, CodingSession]
    _RecapInline = admin.StackedInline[SessionRecap, CodingSession]
    _RepoAdmin = admin.ModelAdmin[Repo]
    _SessionAdmin = admin.ModelAdmin[CodingSession]
    _AccessLogAdmin = admin.ModelAdmin[AccessLogEntry]
else:  # Django's own classes take no type parameters
    _RepoForm = forms.ModelForm
    _SightingInline = _UsageInline = admin.TabularInline
    _RecapInline = admin.StackedInline
    _RepoAdmin = _SessionAdmin = _AccessLogAdmin = admin.ModelAdmin


class RepoForm(_RepoForm):
    """Pins an upstream, or none ("not a fork"). Without a pin, the upstream that most people's clones name counts."""

    class Meta:
        model = Repo
        fields = ["pinned", "upstream"]
        help_texts = {
            "pinned": _("The upstream was set by an administrator and is not updated automatically."),
            "upstream": _("Sessions of this repository count under its upstream. Leave empty if it is not a fork."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        upstream = cleaned.get("upstream")
        if not cleaned.get("pinned") and "upstream" in self.changed_data:
            raise ValidationError({"pinned": _("To change the upstream, also tick “pinned”.")})
        if cleaned.get("pinned") and upstream is not None:
            if upstream.pk == self.instance.pk:
                raise ValidationError({"upstream": _("A repository cannot be its own upstream.")})
            if Repo.objects.closes_pinned_cycle(self.instance, upstream):
                raise ValidationError({"upstream": _("This link would close a cycle of pinned links.")})
        return cleaned


class SightingInline(_SightingInline):
    """Upstreams that people's clones of the repository named. Wrong ones can be deleted."""

    model = ForkSighting
    fk_name = "repo"
    extra = 0
    can_delete = True
    fields = ["upstream", "user"]
    readonly_fields = ["upstream", "user"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ForkSighting]:
        return super().get_queryset(request).select_related("repo", "upstream", "user")

    def has_add_permission(self, request: HttpRequest, obj: Repo | None = None) -> bool:
        return False


@admin.register(Repo)
class RepoAdmin(_RepoAdmin):
    """Shows repositories, which sessions create, and lets administrators pin their upstream."""

    form = RepoForm
    list_display = ["path", "upstream", "root", "pinned", "sighting_count"]
    list_filter = ["pinned", ("upstream", admin.EmptyFieldListFilter)]
    list_select_related = ["upstream", "root"]
    search_fields = ["path", "key"]
    autocomplete_fields = ["upstream"]
    ordering = ["key"]
    fields = ["path", "found_upstream", "pinned", "upstream", "root"]
    readonly_fields = ["path", "found_upstream", "root"]
    inlines = [SightingInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Repo]:
        return super().get_queryset(request).annotate(sighting_count=Count("sightings"))

    @admin.display(description=_("sightings"), ordering="sighting_count")
    def sighting_count(self, repo: Repo) -> int:
        return repo.sighting_count  # type: ignore[attr-defined, no-any-return]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Repo | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Repo, form: Any, change: bool) -> None:
        if obj.pinned:
            Repo.objects.pin(obj, obj.upstream)
        else:
            Repo.objects.unpin(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        Repo.objects.relink({form.instance.pk})


class UsageInline(_UsageInline):
    """Usage of each model in the session, highest cost first."""

    model = ModelUsage
    extra = 0
    can_delete = False
    ordering = [F("cost_usd").desc(nulls_last=True), "model"]

    def has_add_permission(self, request: HttpRequest, obj: CodingSession | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: CodingSession | None = None) -> bool:
        return False


class RecapInline(_RecapInline):
    """The recap of the session. Only the write API and `generate_recaps` write it."""

    model = SessionRecap
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: CodingSession | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: CodingSession | None = None) -> bool:
        return False


@admin.register(CodingSession)
class CodingSessionAdmin(_SessionAdmin):
    """Shows sessions and lets administrators delete them. Only the write API changes them.

    Titles and recaps are shown, and titles searched, only if the site shares sessions.
    """

    list_display = ["started_at", "user", "provider", "repo", "title", "cost", "cost_complete", "is_analyzed"]
    list_filter = ["provider", ("analyzed_at", admin.EmptyFieldListFilter), "cost_complete", "started_at"]
    list_select_related = ["user", "repo"]
    search_fields = ["external_id", "title", "repo__path"]
    date_hierarchy = "started_at"
    ordering = ["-started_at", "-pk"]
    show_full_result_count = False

    @admin.display(description=_("cost (USD)"), ordering="cost_usd")
    def cost(self, session: CodingSession) -> str | None:
        return CodingSession._meta.get_field("cost_usd").value_to_string(session) or None

    @admin.display(description=_("analyzed"), boolean=True, ordering="analyzed_at")
    def is_analyzed(self, session: CodingSession) -> bool:
        return session.analyzed_at is not None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: CodingSession | None = None) -> bool:
        return False

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return _without_hidden(self.list_display)

    def get_exclude(self, request: HttpRequest, obj: CodingSession | None = None) -> list[str]:
        return [] if app_settings.shares_sessions else ["title"]

    def get_inlines(self, request: HttpRequest, obj: CodingSession | None) -> list[Any]:
        return [UsageInline, RecapInline] if app_settings.shares_sessions else [UsageInline]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse conditions on the title in the address, such as `?title__startswith=`, which Django would allow."""
        is_hidden = lookup.partition("__")[0] in ("title", "recap") and not app_settings.shares_sessions
        return not is_hidden and super().lookup_allowed(lookup, value, request)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search the user's e-mail address too, if the user model has one."""
        user = get_user_model()
        email = user.get_email_field_name()
        has_email = any(field.name == email for field in user._meta.get_fields())
        return [*_without_hidden(self.search_fields), *([f"user__{email}"] if has_email else [])]


def _without_hidden(names: Iterable[Any]) -> list[Any]:
    """The names without the title, unless the site shares sessions."""
    return [name for name in names if name != "title" or app_settings.shares_sessions]


@admin.register(AccessLogEntry)
class AccessLogAdmin(_AccessLogAdmin):
    """Shows who was shown whose numbers. Entries cannot be added, changed or deleted here."""

    list_display = ["at", "reader_name", "view", "people", "row_count", "filters"]
    list_filter = ["view", "at"]
    list_select_related = ["reader"]
    date_hierarchy = "at"
    show_full_result_count = False

    @admin.display(description=_("reader"), ordering="reader")
    def reader_name(self, entry: AccessLogEntry) -> str:
        return str(entry.reader or entry.reader_text)

    @admin.display(description=_("people shown"))
    def people(self, entry: AccessLogEntry) -> str:
        return ", ".join(map(str, entry.subjects.all())) or gettext("everybody")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessLogEntry]:
        return super().get_queryset(request).prefetch_related("subjects")

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        return {**dict.fromkeys(("add", "change", "delete"), False), "view": self.has_view_permission(request)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AccessLogEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccessLogEntry | None = None) -> bool:
        # Django also asks this before it deletes a user with everything that belongs to them. That is allowed to
        # everybody who may delete the user.
        match = request.resolver_match
        own_views = f"{self.opts.app_label}_{self.opts.model_name}_"
        return match is not None and not (match.url_name or "").startswith(own_views)
