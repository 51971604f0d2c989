"""Facts about articles."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ArticlePublished(DomainEvent):
    """A version became what readers see."""

    kind: ClassVar[str] = "knowledge.article_published"
    subject_kind: ClassVar[str] = "article"
    version: int


@dataclass(frozen=True, kw_only=True)
class ArticleRetired(DomainEvent):
    """An article is no longer shown."""

    kind: ClassVar[str] = "knowledge.article_retired"
    subject_kind: ClassVar[str] = "article"


@dataclass(frozen=True, kw_only=True)
class ArticleRated(DomainEvent):
    """A reader said whether it solved the problem."""

    kind: ClassVar[str] = "knowledge.article_rated"
    subject_kind: ClassVar[str] = "article"
    version: int
    solved: bool
