"""Who may read which articles."""

from datetime import datetime
from typing import Any, Self

from django.db.models import Q, QuerySet
from django.utils import timezone

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

    def to_review(self, at: datetime) -> Self:
        """In review, or published and past the day by which somebody should have looked at it."""
        late = Q(status=ArticleStatus.PUBLISHED, review_by__lt=timezone.localdate(at))
        return self.filter(Q(status=ArticleStatus.REVIEW) | late)
