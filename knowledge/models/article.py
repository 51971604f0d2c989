"""Articles and their versions."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.base import TwoLanguageNames, in_language
from knowledge.enums import ArticleKind, ArticleStatus, Audience
from knowledge.querysets import ArticleQuerySet


class Problem(TwoLanguageNames):
    """What customers look for help with (配网失败, 设备离线): the problem axis of "model × problem". The code
    is the same as the ticket category's, so that an upper app can tie the two without an import."""

    code = models.SlugField(_("code"), unique=True)
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        verbose_name=_("part of"),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("problem")
        verbose_name_plural = _("problems")
        ordering = ["position", "code"]


class Article(models.Model):
    """One piece of knowledge. The text stands in its versions; `current` is what readers see. Writers of
    `status`, `current`, `published_at`: knowledge.services.articles."""

    slug = models.SlugField(_("address"), unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=ArticleKind)
    audience = models.CharField(_("for"), max_length=8, choices=Audience, default=Audience.PUBLIC)
    status = models.CharField(_("status"), max_length=10, choices=ArticleStatus, default=ArticleStatus.DRAFT)
    problem = models.ForeignKey(
        Problem,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="articles",
        verbose_name=_("problem"),
    )
    lines = models.ManyToManyField(
        "customers.ProductLine", blank=True, related_name="articles", verbose_name=_("product lines")
    )
    products = models.ManyToManyField(
        "customers.Product", blank=True, related_name="articles", verbose_name=_("models")
    )
    error_codes = models.ManyToManyField(
        "customers.ErrorCode", blank=True, related_name="articles", verbose_name=_("error codes")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="owned_articles",
        verbose_name=_("owner"),
    )
    review_by = models.DateField(_("review by"), null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes needed"), default=5)
    start_page = models.PositiveSmallIntegerField(
        _("place on the start page"),
        null=True,
        blank=True,
        help_text=_("Articles with a number stand among the common problems, in this order"),
    )
    current = models.ForeignKey(
        "knowledge.ArticleVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("current version"),
    )
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    helped = models.PositiveIntegerField(_("said it helped"), default=0)
    not_helped = models.PositiveIntegerField(_("said it did not help"), default=0)
    views = models.PositiveIntegerField(_("views"), default=0)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(status=ArticleStatus.PUBLISHED)
                | models.Q(current__isnull=False, published_at__isnull=False),
                name="article_published_has_text",
            )
        ]

    def __str__(self) -> str:
        return self.current.title if self.current else self.slug

    @property
    def shown(self) -> "ArticleVersion":
        """The version that readers see. Raises ValueError while there is none: ask for published articles."""
        if self.current is None:
            raise ValueError(f"article {self.slug} has no published text")
        return self.current

    @property
    def answers(self) -> int:
        """How many readers said whether it helped."""
        return self.helped + self.not_helped

    @property
    def helped_share(self) -> int:
        """How many of a hundred answers said that it helped; shown with `answers` beside it."""
        return round(100 * self.helped / self.answers) if self.answers else 0


class ArticleVersion(models.Model):
    """One state of an article's text, never changed once published. HTML is made and cleaned when it is
    saved."""

    article = models.ForeignKey(
        Article, on_delete=models.CASCADE, related_name="versions", verbose_name=_("article")
    )
    number = models.PositiveIntegerField(_("version"))
    title_zh = models.CharField(_("title (Chinese)"), max_length=120)
    title_en = models.CharField(_("title (English)"), max_length=120, blank=True)
    summary_zh = models.CharField(_("summary (Chinese)"), max_length=300, blank=True)
    summary_en = models.CharField(_("summary (English)"), max_length=300, blank=True)
    body_zh = models.TextField(_("text (Chinese, Markdown)"))
    body_en = models.TextField(_("text (English, Markdown)"), blank=True)
    html_zh = models.TextField(editable=False, blank=True)
    html_en = models.TextField(editable=False, blank=True)
    keywords = models.JSONField(_("keywords"), default=list, blank=True)
    warnings = models.JSONField(_("warnings"), default=list, blank=True, editable=False)
    change_note = models.CharField(_("what changed"), max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("article version")
        verbose_name_plural = _("article versions")
        ordering = ["article_id", "-number"]
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="article_version_once")]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"

    @property
    def title(self) -> str:
        return in_language(self, "title")

    @property
    def summary(self) -> str:
        return in_language(self, "summary")

    @property
    def html(self) -> str:
        return in_language(self, "html")
