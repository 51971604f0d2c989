"""What a page says is in the reader's language: no English of ours on a Chinese page, no Chinese of ours on an English
one. What people and configuration rows say is data and may stand in either."""

import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.test import Client
from django.utils import timezone

from channels_hub.enums import ChannelKind
from knowledge.models import Article
from tests.config.admin_world import make_root, make_world
from tests.factories.channels_hub import ChannelFactory
from tickets.services.links import issue_link

OURS = {"core", "accounts", "customers", "knowledge", "channels_hub", "tickets", "surveys"}
CATALOGUE = Path(settings.BASE_DIR) / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
CHINESE = re.compile(r"[\u3400-\u9fff]{2,}")
ENGLISH = re.compile(r"\b[A-Za-z]?[a-z]+ [a-z]{2,}\b")
PLACE = re.compile(r"%\\\(\w+\\\)[sd]|\\\{\w*\\\}")
#: the languages' own names, wherever one chooses between them
NAMES_OF_LANGUAGES = {"中文", "简体中文", "English"}

PUBLIC = [
    "home",
    "search",
    "article",
    "human",
    "request",
    "lookup",
    "mine",
    "track",
    "chat",
    "sign-in",
    "code",
    "404",
]
STAFF = ["desk", "desk ticket", "desk search", "admin", "admin tickets", "admin ticket", "admin queues"]
every_page = pytest.mark.parametrize("page", [*PUBLIC, *STAFF])


class Reader(HTMLParser):
    """The words of a page: text outside of scripts and icons, and the attributes that are read out or shown."""

    SHOWN = ("aria-label", "placeholder", "title", "alt")
    SILENT = ("script", "style", "template", "code", "pre", "kbd")

    def __init__(self) -> None:
        super().__init__()
        self.words: set[str] = set()
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.SILENT or "material-symbols-outlined" in (dict(attrs).get("class") or ""):
            self._within.append(tag)
        self.words |= {" ".join(value.split()) for name, value in attrs if name in self.SHOWN and value}

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not self._within and data.strip():
            self.words.add(" ".join(data.split()))


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """Made once for all pages, in a transaction around the tests' own."""
    with django_db_blocker.unblock():
        around = transaction.atomic()
        around._from_testcase = True  # type: ignore[attr-defined]  # limits count in front of it
        around.__enter__()
        made = make_world()
        ticket, article = made["tickets"][0], Article.objects.get(slug="article-0")
        ChannelFactory(kind=ChannelKind.WEB_CHAT)
        root = make_root()
        addresses = {
            "home": "/",
            "search": "/search/?q=配网",
            "article": f"/articles/{article.slug}/",
            "human": "/human/",
            "request": "/request/",
            "lookup": "/lookup/",
            "mine": "/mine/",
            "track": f"/t/{issue_link(ticket=ticket, at=timezone.now())}/",
            "chat": "/chat/",
            "sign-in": "/accounts/login/",
            "code": "/accounts/login/code/",
            "404": "/nowhere/",
            "desk": "/desk/",
            "desk ticket": f"/desk/t/{ticket.reference}/",
            "desk search": "/desk/search/?q=网关",
            "admin": "/admin/",
            "admin tickets": "/admin/tickets/ticket/",
            "admin ticket": f"/admin/tickets/ticket/{ticket.pk}/change/",
            "admin queues": "/admin/tickets/queue/",
        }
        yield {"addresses": addresses, "root": root, "agent": made["agent"], "data": _data()}
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


def _data() -> dict[str, str]:
    """Everything that stands in rows: `all` of it, and the `english` that people wrote."""
    every, english = [], []
    for model in apps.get_models():
        if model._meta.app_label in OURS | {"admin", "auth"}:
            for field in model._meta.concrete_fields:
                if isinstance(field, models.CharField | models.TextField | models.JSONField):
                    values = [
                        value for value in model._base_manager.values_list(field.attname, flat=True) if value
                    ]
                    said = [
                        value
                        if isinstance(value, str)
                        else json.dumps(value, ensure_ascii=False, default=str)
                        for value in values
                    ]
                    every += said
                    if field.name.endswith("_en") or model._meta.app_label in {"admin", "auth"}:
                        english += said
    return {"all": "\n".join(every), "english": "\n".join(english)}


def words_of(page: str, language: str, world: dict[str, Any]) -> list[str]:
    client = Client(headers={"accept-language": language})
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    if page in STAFF:
        client.force_login(world["root"] if page.startswith("admin") else world["agent"])
    response = client.get(world["addresses"][page])
    assert response.status_code == (404 if page == "404" else 200)
    assert f'lang="{language}' in response.content.decode().lower()
    reader = Reader()
    reader.feed(response.content.decode())
    assert reader.words
    return sorted(reader.words - NAMES_OF_LANGUAGES)


@cache
def english_of_ours() -> tuple[set[str], list[re.Pattern[str]]]:
    """The texts that read differently in Chinese: those said as they stand, and patterns for those with places."""
    plain, patterns = set(), []
    for entry in polib.pofile(str(CATALOGUE)):
        for text in filter(None, (entry.msgid, entry.msgid_plural)):
            if text in (entry.msgstr, *entry.msgstr_plural.values()):
                continue
            escaped = re.escape(" ".join(text.split()))
            if not PLACE.search(escaped):
                plain.add(" ".join(text.split()))
            elif len(re.findall(r"[A-Za-z]{2,}", PLACE.sub("", escaped))) > 1:
                patterns.append(re.compile(PLACE.sub(".+", escaped)))
    return plain, patterns


@every_page
@pytest.mark.django_db
def test_a_chinese_page_has_no_english_of_ours(page: str, world: dict[str, Any]) -> None:
    plain, patterns = english_of_ours()
    assert "Talk to a person" in plain
    english = [
        words
        for words in words_of(page, "zh-hans", world)
        if (words in plain or ENGLISH.search(words) or any(one.fullmatch(words) for one in patterns))
        and words not in world["data"]["english"]
    ]
    assert english == []


@every_page
@pytest.mark.django_db
def test_an_english_page_has_no_chinese_of_ours(page: str, world: dict[str, Any]) -> None:
    chinese = [
        words
        for words in words_of(page, "en", world)
        if any(run not in world["data"]["all"] for run in CHINESE.findall(words))
    ]
    assert chinese == []


def test_words_are_read_from_text_and_attributes() -> None:
    reader = Reader()
    reader.feed(
        '<p title="Why  so">Two\n words <b>more</b></p><script>let x</script><input placeholder="Here">'
    )
    assert reader.words == {"Why so", "Two words", "more", "Here"}
