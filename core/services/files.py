"""Taking files in: what it is by its bytes, not by its name, within the limit, and never twice named."""

import codecs
import hashlib
import io
import uuid
import zipfile
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import filetype
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, UnidentifiedImageError

from core.actors import Actor
from core.errors import InvalidInput, NotVisible
from core.models import File

#: what people may attach: extension → content type
ALLOWED = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "log": "text/plain",
    "zip": "application/zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MAX_PIXELS = 60_000_000

Guard = Callable[[Actor, int], bool]
_guards: dict[str, list[Guard]] = {}
_written: ContextVar[list[FieldFile] | None] = ContextVar("written_files", default=None)

P = ParamSpec("P")
R = TypeVar("R")


def guard_files_of(owner_kind: str) -> Callable[[Guard], Guard]:
    """Register who may download files of this kind of owner: `guard(viewer, owner_id) -> bool`. Several apps may
    answer for one kind: one yes is enough."""

    def register(guard: Guard) -> Guard:
        _guards.setdefault(owner_kind, []).append(guard)
        return guard

    return register


def removed_on_failure(verb: Callable[P, R]) -> Callable[P, R]:
    """Decorate a verb outside its `transaction.atomic`: when it fails, the bytes that store_file wrote in it
    are removed, as the rollback removed their rows."""

    @wraps(verb)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        written: list[FieldFile] = []
        around = _written.get()
        token = _written.set(written)
        try:
            result = verb(*args, **kwargs)
        except BaseException:
            for body in written:
                body.storage.delete(body.name or "")
            raise
        finally:
            _written.reset(token)
        if around is not None:  # the verb that called this one may still fail
            around += written
        return result

    return guarded


def check_upload(upload: "UploadedFile[Any]") -> str:
    """The content type of an acceptable upload. Raises InvalidInput: too big, empty, a kind that is not
    taken, or bytes that are not what the name says."""
    name = upload.name or ""
    if (upload.size or 0) > settings.FILE_LIMIT_BYTES:
        limit = settings.FILE_LIMIT_BYTES // (1024 * 1024)
        raise InvalidInput(
            _("“%(name)s” is larger than %(limit)d MB.") % {"name": name, "limit": limit}, code="too_large"
        )
    if not upload.size:
        raise InvalidInput(_("“%(name)s” is empty.") % {"name": name}, code="empty_file")
    extension = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    expected = ALLOWED.get(extension)
    if expected is None:
        raise InvalidInput(_("Files like “%(name)s” are not accepted.") % {"name": name}, code="unknown_type")
    upload.seek(0)
    head = upload.read(8192)
    upload.seek(0)
    if _type_of(head, upload) != expected:
        raise InvalidInput(_("“%(name)s” is not what its name says.") % {"name": name}, code="wrong_type")
    return expected


def _type_of(head: bytes, upload: "UploadedFile[Any]") -> str:
    """What the bytes are; text counts as text only when it is text."""
    if head.startswith(b"PK\x03\x04"):
        return _type_of_archive(upload)
    kind = filetype.guess(head)
    if kind is None:
        return "text/plain" if _is_text(head) else "application/octet-stream"
    if kind.mime.startswith("image/") and kind.mime != "image/heic":
        try:
            with Image.open(io.BytesIO(upload.read())) as image:
                if image.width * image.height > MAX_PIXELS:
                    return "application/octet-stream"
                image.verify()
        except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
            return "application/octet-stream"
        finally:
            upload.seek(0)
    return kind.mime


def _is_text(head: bytes) -> bool:
    """UTF-8, or the GB18030 that devices and Windows still write; no control characters but those of text."""
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head):
        return False
    for encoding in ("utf-8", "gb18030"):
        # incremental: the head may end within a character
        try:
            codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _type_of_archive(upload: "UploadedFile[Any]") -> str:
    """A plain zip, or the office document that a zip holds; only its table of contents is read."""
    upload.seek(0)
    try:
        with zipfile.ZipFile(upload) as archive:  # type: ignore[arg-type]  # an upload reads, seeks and tells
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return "application/octet-stream"
    finally:
        upload.seek(0)
    if "[Content_Types].xml" in names:
        for part, extension in (("word/document.xml", "docx"), ("xl/workbook.xml", "xlsx")):
            if part in names:
                return ALLOWED[extension]
    return "application/zip"


def store_file(
    upload: "UploadedFile[Any]", *, owner_kind: str, owner_id: int, actor: Actor, at: datetime
) -> File:
    """Check and keep one upload. Raises InvalidInput (see check_upload)."""
    content_type = check_upload(upload)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    file = File(
        owner_kind=owner_kind,
        owner_id=owner_id,
        name=(upload.name or "file")[-200:],
        content_type=content_type,
        size=upload.size or 0,
        sha256=digest.hexdigest(),
        created_at=at,
        created_by_kind=actor.kind,
        created_by_id=actor.id,
    )
    if file.is_image:
        with Image.open(upload) as image:
            file.width, file.height = image.size
        upload.seek(0)
    file.body.save(file.name, upload, save=False)
    written = _written.get()
    if written is not None:
        written.append(file.body)
    file.save(force_insert=True)
    return file


def file_for(viewer: Actor, file_id: uuid.UUID | str) -> File:
    """The file, if its owner's guard lets the viewer have it. Raises NotVisible otherwise."""
    file = File.objects.filter(pk=file_id).first()
    if file is None:
        raise NotVisible()
    if not any(guard(viewer, file.owner_id) for guard in _guards.get(file.owner_kind, ())):
        raise NotVisible()
    return file
