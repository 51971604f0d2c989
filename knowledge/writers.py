"""Which fields of articles are written by which service (see core.writers)."""

WRITERS = {
    "Article.status": "knowledge.services.articles",
    "Article.current": "knowledge.services.articles",
    "Article.published_at": "knowledge.services.articles",
    "Article.helped": "knowledge.services.feedback",
    "Article.not_helped": "knowledge.services.feedback",
    "Article.views": "knowledge.services.feedback",
    "ArticleVersion.*": "knowledge.services.articles",
    "ArticleFeedback.*": "knowledge.services.feedback",
    "SearchLog.*": "knowledge.services.search",
    "SearchEntry.*": "core.search",
}
