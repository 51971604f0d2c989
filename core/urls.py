"""Addresses that core serves itself."""

from django.urls import path

from core import views

app_name = "core"
urlpatterns = [
    path("files/<uuid:file_id>/", views.file, name="file"),
    path("live/since/", views.live_since, name="live_since"),
]
