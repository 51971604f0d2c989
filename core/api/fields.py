"""Fields that several apps' serializers use."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from core.models import File

TEXT = 10_000


class Named(serializers.Serializer[Any]):
    """A row that people name: its code, and its name in the reader's language."""

    code = serializers.CharField()
    name = serializers.CharField()


class Person(serializers.Serializer[Any]):
    """A member of staff."""

    id = serializers.IntegerField()
    name = serializers.CharField()


def uploads() -> serializers.ListField:
    """Files of a multipart body. Only that they are files is checked here: size and kind are judged by their bytes
    below (core.services.files), in better words."""
    return serializers.ListField(child=serializers.FileField(allow_empty_file=True), default=list)


def words(limit: int = TEXT, **kwargs: Any) -> serializers.CharField:
    """Text that may be left out: the service says in its own words when it is needed."""
    return serializers.CharField(max_length=limit, allow_blank=True, default="", **kwargs)


class FileOut(serializers.Serializer[File]):
    """An attachment; `url` opens with the same key as the list it stands in."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes")
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    url = serializers.SerializerMethodField()

    def get_url(self, file: File) -> str:
        """Address within this installation."""
        return reverse("api:file", args=[file.pk])
