"""The help centre's reading pages. They live in the namespace `help` (config/help_urls.py), which other apps
share."""

from django.urls import path

from knowledge.views import articles, pages, search

urlpatterns = [
    path("", pages.home, name="home"),
    path("search/", search.search, name="search"),
    path("search/suggest/", search.suggest, name="suggest"),
    path("products/<slug:code>/", pages.line, name="line"),
    path("articles/<slug:slug>/", articles.article, name="article"),
    path("articles/<slug:slug>/rate/", articles.rate, name="rate"),
    path("articles/<slug:slug>/viewed/", articles.viewed, name="viewed"),
    path("human/", pages.human, name="human"),
    path("robots.txt", pages.robots, name="robots"),
    path("sitemap.xml", pages.sitemap, name="sitemap"),
]
