"""What readers told us, and what they looked for."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ArticleFeedback(models.Model):
    """A reader's answer to "did this solve it?", once per reader and version (a later answer replaces it).
    `reader` is a random key of the browser session, no personal data."""

    article = models.ForeignKey(
        "knowledge.Article", on_delete=models.CASCADE, related_name="feedback", verbose_name=_("article")
    )
    version = models.ForeignKey(
        "knowledge.ArticleVersion", on_delete=models.CASCADE, related_name="+", verbose_name=_("version")
    )
    reader = models.CharField(max_length=40)
    solved = models.BooleanField(_("solved"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("article feedback")
        verbose_name_plural = _("article feedback")
        constraints = [models.UniqueConstraint(fields=["version", "reader"], name="feedback_once_per_reader")]

    def __str__(self) -> str:
        return f"{self.article_id}: {self.solved}"


class SearchLog(models.Model):
    """A query and how many articles it found; those with none go to the AI trainer. Phone-like digits are
    masked before it is stored."""

    query = models.CharField(_("query"), max_length=200)
    language = models.CharField(_("language"), max_length=10)
    results = models.PositiveSmallIntegerField(_("results"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("search")
        verbose_name_plural = _("searches")
        indexes = [models.Index(fields=["at"], name="search_log_by_time")]

    def __str__(self) -> str:
        return self.query
