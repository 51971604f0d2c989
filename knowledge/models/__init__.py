from knowledge.models.article import Article, ArticleVersion, Problem
from knowledge.models.feedback import ArticleFeedback, SearchLog
from knowledge.models.index import SearchEntry

__all__ = ["Article", "ArticleFeedback", "ArticleVersion", "Problem", "SearchEntry", "SearchLog"]
