"""Who may read which articles."""

from typing import Any, Self

from django.db.models import QuerySet

from core.actors import Actor
from knowledge.enums import ArticleStatus, Audience

#: what a list of articles shows; the texts themselves stay in the database
COLUMNS = (
    *("slug", "kind", "audience", "minutes", "start_page"),
    *("current__title_zh", "current__title_en", "current__summary_zh", "current__summary_en"),
)


class ArticleQuerySet(QuerySet[Any]):
    def published(self) -> Self:
        return self.filter(status=ArticleStatus.PUBLISHED)

    def visible_to(self, viewer: Actor) -> Self:
        """Staff see everything, everybody else what is published for everybody."""
        if viewer.is_staff or viewer.kind == "system":
            return self
        return self.published().filter(audience=Audience.PUBLIC)
