"""One store for everything that people attach."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


def storage_path(file: "File", name: str) -> str:
    """Where the bytes lie: by the file's own id, never by a name that came from outside."""
    return f"files/{str(file.id)[:2]}/{file.id}"


class File(models.Model):
    """An attachment. Writer: core.services.files. `owner_kind`/`owner_id` name what it belongs to: the download guard
    asks the app that registered that kind whether the viewer may have it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner_kind = models.CharField(_("belongs to (kind)"), max_length=32)
    owner_id = models.BigIntegerField(_("belongs to (id)"))
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    body = models.FileField(_("file"), upload_to=storage_path, max_length=200)
    created_at = models.DateTimeField(_("created at"))
    created_by_kind = models.CharField(max_length=10)
    created_by_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [models.Index(fields=["owner_kind", "owner_id"], name="file_of_owner")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.content_type in ("image/jpeg", "image/png", "image/gif", "image/webp")
