"""Who may read which articles."""

from typing import Any, Self

from django.db.models import QuerySet

from core.actors import Actor
from knowledge.enums import ArticleStatus, Audience


class ArticleQuerySet(QuerySet[Any]):
    def published(self) -> Self:
        return self.filter(status=ArticleStatus.PUBLISHED)

    def visible_to(self, viewer: Actor) -> Self:
        """Staff see everything, everybody else what is published for everybody."""
        if viewer.is_staff or viewer.kind == "system":
            return self
        return self.published().filter(audience=Audience.PUBLIC)
