"""Which moves an article may make. Predicates only: no queries, no writes."""

from collections.abc import Mapping

from knowledge.enums import ArticleStatus

MOVES: Mapping[str, frozenset[str]] = {
    ArticleStatus.DRAFT: frozenset({ArticleStatus.REVIEW, ArticleStatus.PUBLISHED}),
    ArticleStatus.REVIEW: frozenset({ArticleStatus.DRAFT, ArticleStatus.PUBLISHED}),
    ArticleStatus.SCHEDULED: frozenset({ArticleStatus.DRAFT, ArticleStatus.PUBLISHED}),
    # a published article is published again when a newer version takes over
    ArticleStatus.PUBLISHED: frozenset({ArticleStatus.PUBLISHED, ArticleStatus.RETIRED}),
    ArticleStatus.RETIRED: frozenset({ArticleStatus.DRAFT, ArticleStatus.PUBLISHED}),
}


def may_move(before: str, after: str) -> bool:
    """Whether an article in status `before` may become `after`."""
    return after in MOVES[before]


def allowed_from(status: str) -> list[str]:
    """The statuses that can be reached from here, in the order of the enum."""
    return [choice for choice in ArticleStatus.values if choice in MOVES[status]]
