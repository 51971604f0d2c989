"""The search index: one row per article and language."""

from django.db import models


class SearchEntry(models.Model):
    """Tokens of an article in one language, cut by core.tokens. A migration adds the full-text
    structure: a tsvector column with GIN on PostgreSQL, an FTS5 table on SQLite. Writer:
    knowledge.services.indexing."""

    article = models.ForeignKey("knowledge.Article", on_delete=models.CASCADE, related_name="search_entries")
    language = models.CharField(max_length=10)
    title = models.TextField()
    body = models.TextField()
    pinyin = models.TextField()
    facts = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "language"], name="search_entry_once")]

    def __str__(self) -> str:
        return f"{self.article_id} {self.language}"
