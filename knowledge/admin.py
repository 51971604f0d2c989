"""Articles in the admin: the text is edited as versions, readers see what is published."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import action, display

from core import clock
from core.actors import Actor
from core.admin_base import BaseAdmin, ViewOnlyInline, viewer_of
from core.admin_export import ConfigResource, ExportMixin, ImportExportMixin, SafeResource
from core.admin_filters import DaysFilter
from core.admin_verbs import Verb, VerbsMixin
from core.errors import InvalidInput
from knowledge.enums import ArticleStatus
from knowledge.models import Article, ArticleFeedback, ArticleVersion, Problem, SearchLog
from knowledge.services import articles

STATUS_COLOURS = {
    str(ArticleStatus.PUBLISHED.label): "success",
    str(ArticleStatus.REVIEW.label): "warning",
    str(ArticleStatus.RETIRED.label): "danger",
}
LONG = {"rows": 16}


class VersionForm(forms.Form):
    """The next text of an article. Both languages; Markdown."""

    title_zh = forms.CharField(label=_("Title (Chinese)"), max_length=120)
    title_en = forms.CharField(label=_("Title (English)"), max_length=120, required=False)
    summary_zh = forms.CharField(label=_("Summary (Chinese)"), max_length=300, required=False)
    summary_en = forms.CharField(label=_("Summary (English)"), max_length=300, required=False)
    body_zh = forms.CharField(label=_("Text (Chinese, Markdown)"), widget=forms.Textarea(attrs=LONG))
    body_en = forms.CharField(
        label=_("Text (English, Markdown)"), widget=forms.Textarea(attrs=LONG), required=False
    )
    keywords = forms.CharField(
        label=_("Keywords"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line"),
    )
    change_note = forms.CharField(label=_("What changed"), max_length=200, required=False)

    def clean_keywords(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["keywords"].splitlines() if line.strip()]


class RestoreForm(forms.Form):
    number = forms.IntegerField(label=_("Version to take again"), min_value=1)


def newest(article: Article) -> dict[str, Any]:
    """The form begins with the newest text."""
    version = article.versions.order_by("-number").first()
    if version is None:
        return {}
    names = ("title_zh", "title_en", "summary_zh", "summary_en", "body_zh", "body_en")
    return {**{name: getattr(version, name) for name in names}, "keywords": "\n".join(version.keywords)}


def _save(article: Article, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return articles.save_version(article, actor=actor, at=at, **data)


def _restore(article: Article, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    version = ArticleVersion.objects.filter(article=article, number=data["number"]).first()
    if version is None:
        raise InvalidInput(fields={"number": [_("There is no such version.")]})
    return articles.restore_version(article, version, actor=actor, at=at)


def plain(verb: Callable[..., object]) -> Callable[..., object]:
    """A verb without words."""

    def call(article: Article, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
        return verb(article, actor=actor, at=at)

    return call


def has_text(article: Article) -> bool:
    return article.versions.exists()


VERBS = (
    Verb(
        "text",
        _("New version"),
        _save,
        _("The text is saved as a new version. Readers see it once it is published."),
        icon="edit",
        form=VersionForm,
        initial=newest,
        tone="primary",
    ),
    Verb(
        "publish",
        _("Publish"),
        plain(articles.publish),
        _("Readers see the newest version."),
        icon="publish",
        shown=has_text,
        hint=_("The newest version becomes what readers see and what the search finds."),
    ),
    Verb(
        "submit",
        _("Ask for a review"),
        plain(articles.submit),
        _("The article waits for a review."),
        icon="rate_review",
        shown=lambda article: article.status == ArticleStatus.DRAFT and has_text(article),
    ),
    Verb(
        "send-back",
        _("Back to draft"),
        plain(articles.send_back),
        _("The article is a draft again."),
        icon="undo",
        shown=lambda article: article.status in (ArticleStatus.REVIEW, ArticleStatus.RETIRED),
    ),
    Verb(
        "restore",
        _("Take an older version"),
        _restore,
        _("The older text is the newest version now."),
        icon="history",
        form=RestoreForm,
        shown=has_text,
    ),
    Verb(
        "retire",
        _("Retire"),
        plain(articles.retire),
        _("Readers no longer find it."),
        icon="archive",
        shown=lambda article: article.status == ArticleStatus.PUBLISHED,
        hint=_("Links to it end; its versions stay."),
    ),
)


class ReviewFilter(DropdownFilter):
    """What an editor should look at."""

    title = _("needs an editor")
    parameter_name = "need"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("review", _("In review, or past its date"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Article]") -> "QuerySet[Article]":
        if self.value() != "review":
            return queryset
        return queryset.filter(pk__in=Article.objects.to_review(clock.now()))


class VersionInline(ViewOnlyInline):
    model = ArticleVersion
    fk_name = "article"
    fields = ("number", "title_zh", "title_en", "change_note", "created_by", "created_at", "warnings_shown")
    readonly_fields = ("warnings_shown",)
    per_page = 20
    ordering = ("-number",)

    @display(description=_("taken out of the text"))
    def warnings_shown(self, version: ArticleVersion) -> str:
        found = getattr(version, "warnings", None) or []
        return ", ".join(str(part) for part in found) or "–"


class ArticleResource(SafeResource):
    class Meta:
        model = Article
        fields = (
            "slug",
            "kind",
            "audience",
            "status",
            "problem__code",
            "current__title_zh",
            "current__title_en",
            "helped",
            "not_helped",
            "views",
            "published_at",
            "review_by",
        )


@admin.register(Article)
class ArticleAdmin(ExportMixin, VerbsMixin, BaseAdmin):
    resource_classes = (ArticleResource,)
    verbs = VERBS
    list_display = (
        "slug",
        "title",
        "kind",
        "status_shown",
        "problem",
        "review_by",
        "helped",
        "not_helped",
        "views",
    )
    list_filter = (
        ReviewFilter,
        ("status", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("audience", ChoicesDropdownFilter),
        ("problem", RelatedDropdownFilter),
        ("lines", RelatedDropdownFilter),
    )
    list_select_related = ("current", "problem")
    search_fields = ("slug", "current__title_zh", "current__title_en")
    search_help_text = _("Address or title")
    autocomplete_fields = ("problem", "lines", "products", "error_codes", "owner")
    ordering = ("-id",)
    inlines = (VersionInline,)
    actions = ("publish_many", "retire_many")
    readonly_fields = ("preview_zh", "preview_en")
    fieldsets = (
        (None, {"fields": (("slug", "kind"), ("audience", "minutes"))}),
        (_("About"), {"fields": ("problem", "lines", "products", "error_codes")}),
        (_("Care"), {"fields": (("owner", "review_by"),)}),
        (
            _("Readers"),
            {"fields": (("status", "current", "published_at"), ("helped", "not_helped", "views"))},
        ),
        (_("What readers see"), {"fields": ("preview_zh", "preview_en")}),
    )
    add_fieldsets = (
        (None, {"fields": (("slug", "kind"), ("audience", "minutes"))}),
        (_("About"), {"fields": ("problem", "lines", "products", "error_codes")}),
        (_("Care"), {"fields": (("owner", "review_by"),)}),
    )

    @display(description=_("title"))
    def title(self, article: Article) -> str:
        return article.current.title if article.current else "–"

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)
    def status_shown(self, article: Article) -> str:
        return str(article.get_status_display())

    def _html(self, html: str) -> str:
        # the service cleaned it when the version was saved
        return format_html('<div class="ad-article">{}</div>', _safe(html)) if html else "–"

    @display(description=_("Chinese"))
    def preview_zh(self, article: Article) -> str:
        return self._html(article.current.html_zh if article.current else "")

    @display(description=_("English"))
    def preview_en(self, article: Article) -> str:
        return self._html(article.current.html_en if article.current else "")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        # an address that was published is linked to
        return [*fixed, "slug"] if obj is not None and obj.published_at else fixed

    @action(description=_("Publish the newest version"), permissions=["work"])
    def publish_many(self, request: HttpRequest, rows: "QuerySet[Article]") -> None:
        actor, at = viewer_of(request), clock.now()
        done = str(_("%(n)d published."))
        self.each(request, rows, lambda article: articles.publish(article, actor=actor, at=at), done)

    @action(description=_("Retire"), permissions=["work"])
    def retire_many(self, request: HttpRequest, rows: "QuerySet[Article]") -> None:
        actor, at = viewer_of(request), clock.now()
        done = str(_("%(n)d retired."))
        self.each(request, rows, lambda article: articles.retire(article, actor=actor, at=at), done)


def _safe(html: str) -> str:
    return mark_safe(html)  # noqa: S308  cleaned with nh3 by knowledge.services.markdown


class ProblemResource(ConfigResource):
    class Meta(ConfigResource.Meta):
        model = Problem
        fields = ("code", "name_zh", "name_en", "position")


@admin.register(Problem)
class ProblemAdmin(ImportExportMixin, BaseAdmin):
    resource_classes = (ProblemResource,)
    list_display = ("code", "name_zh", "name_en", "parent", "position")
    list_editable = ("position",)
    list_select_related = ("parent",)
    search_fields = ("code", "name_zh", "name_en")
    autocomplete_fields = ("parent",)


class FeedbackResource(SafeResource):
    class Meta:
        model = ArticleFeedback
        fields = ("article__slug", "version__number", "solved", "at")


@admin.register(ArticleFeedback)
class FeedbackAdmin(ExportMixin, BaseAdmin):
    resource_classes = (FeedbackResource,)
    list_display = ("article", "version", "solved", "at")
    list_filter = (("solved", BooleanRadioFilter), ("at", DaysFilter))
    list_select_related = ("article__current", "version")
    exact_search = {"article__slug": str}
    search_help_text = _("Whole address of the article")
    ordering = ("-id",)
    fields = ("article", "version", "solved", "at")


class SearchResource(SafeResource):
    class Meta:
        model = SearchLog
        fields = ("query", "language", "results", "at")


class FoundFilter(DropdownFilter):
    title = _("found")
    parameter_name = "found"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("none", _("nothing")), ("some", _("something"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[SearchLog]") -> "QuerySet[SearchLog]":
        if self.value() == "none":
            return queryset.filter(results=0)
        return queryset.filter(results__gt=0) if self.value() == "some" else queryset


@admin.register(SearchLog)
class SearchLogAdmin(ExportMixin, BaseAdmin):
    """What readers looked for; without a find it is an article to write."""

    resource_classes = (SearchResource,)
    list_display = ("query", "language", "results", "at")
    list_filter = (FoundFilter, ("at", DaysFilter))
    exact_search = {"query": str}
    search_help_text = _("The whole query")
    ordering = ("-id",)
