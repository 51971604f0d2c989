"""What people attach: by its bytes, within the limit, and only for who may have it."""

import io
import uuid
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from PIL import Image

from core import ports_declared
from core.actors import NOBODY, Actor
from core.errors import InvalidInput, NotVisible
from core.models import File
from core.services import files

OWNER = Actor("visitor", 1)


def picture(kind: str = "PNG", size: tuple[int, int] = (3, 2)) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", size, "red").save(body, kind)
    return body.getvalue()


def archive(*names: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as content:
        for name in names:
            content.writestr(name, "x")
    return body.getvalue()


def store(name: str, body: bytes, *, at: datetime, owner_id: int = 1) -> File:
    return files.store_file(
        SimpleUploadedFile(name, body), owner_kind="test", owner_id=owner_id, actor=OWNER, at=at
    )


@pytest.fixture(autouse=True)
def guards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a `test` belong to the visitor of the same number, known by the token `mine`."""
    monkeypatch.setattr(files, "_guards", {})
    files.guard_files_of("test")(lambda viewer, owner_id: viewer.kind == "visitor" and viewer.id == owner_id)
    monkeypatch.setattr(ports_declared.viewer_of_token, "_provider", {"mine": OWNER}.get)
    monkeypatch.setattr(ports_declared.viewer_of_request, "_provider", lambda request: NOBODY)


@pytest.mark.parametrize(
    ("name", "body", "content_type"),
    [
        ("light.png", picture(), "image/png"),
        ("LIGHT.JPG", picture("JPEG"), "image/jpeg"),
        ("light.webp", picture("WEBP"), "image/webp"),
        ("router.log", b"2026-03-17 rssi=-78\n", "text/plain"),
        ("说明.txt", "设备离线".encode(), "text/plain"),
        ("old.txt", "设备离线".encode("gb18030"), "text/plain"),
        ("long.txt", ("好" * 9000).encode(), "text/plain"),
        ("logs.zip", archive("a.log"), "application/zip"),
        ("list.xlsx", archive("[Content_Types].xml", "xl/workbook.xml"), files.ALLOWED["xlsx"]),
        ("letter.docx", archive("word/document.xml", "[Content_Types].xml"), files.ALLOWED["docx"]),
        ("invoice.pdf", b"%PDF-1.7\n", "application/pdf"),
    ],
)
def test_a_file_is_what_its_bytes_say(name: str, body: bytes, content_type: str) -> None:
    assert files.check_upload(SimpleUploadedFile(name, body)) == content_type


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("light.png", b"not a picture at all", "wrong_type"),
        ("light.png", picture("JPEG"), "wrong_type"),
        ("light.png", picture()[:40], "wrong_type"),
        ("page.txt", b"<b>\x00binary", "wrong_type"),
        ("list.xlsx", archive("a.log"), "wrong_type"),
        ("logs.zip", b"PK\x03\x04broken", "wrong_type"),
        ("virus.exe", b"MZ", "unknown_type"),
        ("page.html", b"<script>alert(1)</script>", "unknown_type"),
        ("drawing.svg", b"<svg onload='alert(1)'/>", "unknown_type"),
        ("noname", b"text", "unknown_type"),
        ("empty.txt", b"", "empty_file"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(name: str, body: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        files.check_upload(SimpleUploadedFile(name, body))
    assert refused.value.code == code
    assert name in str(refused.value)


def test_the_limit_itself_passes_and_a_byte_more_does_not(settings) -> None:
    settings.FILE_LIMIT_BYTES = 100
    assert files.check_upload(SimpleUploadedFile("a.txt", b"x" * 100)) == "text/plain"
    with pytest.raises(InvalidInput) as refused:
        files.check_upload(SimpleUploadedFile("a.txt", b"x" * 101))
    assert refused.value.code == "too_large"


def test_a_picture_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_PIXELS", 5)
    with pytest.raises(InvalidInput):
        files.check_upload(SimpleUploadedFile("big.png", picture(size=(3, 2))))


@pytest.mark.django_db
def test_a_stored_file_lies_under_its_own_id_not_under_a_name_from_outside(at: datetime) -> None:
    file = store("../../etc/设备.png", picture(), at=at)
    assert file.name == "设备.png"
    assert file.body.name == f"files/{str(file.pk)[:2]}/{file.pk}"
    assert (file.width, file.height, file.size) == (3, 2, len(picture()))
    assert (file.created_by_kind, file.created_by_id) == ("visitor", 1)


@pytest.mark.django_db(transaction=True)
def test_bytes_of_a_verb_that_fails_do_not_stay(at: datetime) -> None:
    written: list[str] = []

    @files.removed_on_failure
    @transaction.atomic
    def attach_and_fail() -> None:
        written.append(store("a.txt", b"text", at=at).body.path)
        assert Path(written[0]).exists()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        attach_and_fail()
    assert not Path(written[0]).exists()
    assert not File.objects.exists()


@pytest.mark.django_db
def test_a_file_is_for_who_its_owners_guard_lets_in(at: datetime) -> None:
    file = store("a.txt", b"text", at=at)
    assert files.file_for(OWNER, file.pk) == file
    for stranger in (NOBODY, Actor("visitor", 2), Actor("staff", 1, sees_all=True)):
        with pytest.raises(NotVisible):
            files.file_for(stranger, file.pk)
    File.objects.update(owner_kind="nobody guards this")
    with pytest.raises(NotVisible):
        files.file_for(OWNER, file.pk)


@pytest.mark.django_db
def test_the_owner_downloads_a_text_and_sees_a_picture(client: Client, at: datetime) -> None:
    text, image = store("报告.txt", b"text", at=at), store("a.png", picture(), at=at)
    answer = client.get(reverse("core:file", args=[text.pk]), {"token": "mine"})
    assert b"".join(answer.streaming_content) == b"text"
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''%E6%8A%A5%E5%91%8A.txt"
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("text/plain", "nosniff")
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"] == "private, max-age=3600"
    answer = client.get(reverse("core:file", args=[image.pk]), headers={"X-Chat-Token": "mine"})
    assert answer["Content-Disposition"] == 'inline; filename="a.png"'
    assert b"".join(answer.streaming_content) == picture()


@pytest.mark.django_db
def test_a_file_known_already_is_not_sent_again_but_still_guarded(client: Client, at: datetime) -> None:
    address = reverse("core:file", args=[store("a.txt", b"text", at=at).pk])
    etag = client.head(address, {"token": "mine"})["ETag"]
    assert client.get(address, {"token": "mine"}, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 404


@pytest.mark.django_db
def test_for_everybody_else_the_file_does_not_exist(client: Client, at: datetime) -> None:
    file = store("a.txt", b"text", at=at)
    assert client.get(reverse("core:file", args=[file.pk])).status_code == 404
    assert client.get(reverse("core:file", args=[file.pk]), {"token": "guess"}).status_code == 404
    assert client.get(reverse("core:file", args=[file.pk]), {"link": "mine"}).status_code == 404
    assert client.get(reverse("core:file", args=[uuid.uuid4()]), {"token": "mine"}).status_code == 404
    assert client.post(reverse("core:file", args=[file.pk])).status_code == 405
    assert client.get(f"/media/{file.body.name}").status_code == 404


@pytest.mark.django_db
def test_behind_nginx_the_bytes_come_from_nginx(client: Client, settings, at: datetime) -> None:
    settings.MEDIA_ACCEL_PREFIX = "/protected-media/"
    file = store("a.txt", b"text", at=at)
    answer = client.get(reverse("core:file", args=[file.pk]), {"token": "mine"})
    assert answer["X-Accel-Redirect"] == f"/protected-media/{file.body.name}"
    assert answer.content == b""
    assert client.get(reverse("core:file", args=[file.pk])).status_code == 404
