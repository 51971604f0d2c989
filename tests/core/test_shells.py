"""The shells and what stands beside them: ways to a person, order of focus, no inline style or script."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings as project
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import include, path
from django.utils import translation

from core.templatetags import ui

TEMPLATES = Path(project.BASE_DIR) / "templates"
STATIC = Path(project.BASE_DIR) / "static"
OWN = [*TEMPLATES.glob("*.html"), *TEMPLATES.glob("shells/*.html"), *TEMPLATES.glob("partials/*.html")]


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def _page(request):
    return HttpResponse()


def _names(*names):
    return [path(f"{name}/", _page, name=name) for name in names]


class Addresses:
    """The addresses that the shells link to."""

    urlpatterns = [
        path("help/", include((_names("home", "search", "request", "lookup", "mine", "human"), "help"))),
        path("chat/", include((_names("open"), "chat"))),
        path("desk/", include((_names("queue", "bell", "notices", "notices_read"), "desk"))),
        path("admin/", include((_names("index"), "admin"))),
        *_names("account_login", "account_logout", "set_language"),
    ]


@pytest.fixture
def staff_request(settings):
    settings.ROOT_URLCONF = Addresses
    request = RequestFactory().get("/desk/?view=mine")
    request.user = SimpleNamespace(pk=7, is_authenticated=True, is_staff=True, get_full_name=lambda: "林晓")
    return request


@pytest.fixture
def visitor_request(settings):
    settings.ROOT_URLCONF = Addresses
    request = RequestFactory().get("/help/home/")
    request.user = SimpleNamespace(pk=None, is_authenticated=False, is_staff=False)
    return request


@pytest.mark.django_db
def test_every_help_page_shows_the_way_to_a_person(visitor_request):
    html = render_to_string("shells/public.html", {}, visitor_request)
    assert html.count('href="/help/human/"') == 3  # top, foot, bottom bar of a phone
    assert '<html lang="en" data-surface="public">' in html
    assert 'name="language" value="zh-hans"' in html


@pytest.mark.django_db
def test_an_outage_stands_on_top(visitor_request):
    outage = {
        "title": "Broadband is down in Binjiang",
        "text": "Expected back at 11:30.",
        "url": "/help/human/",
    }
    html = render_to_string("shells/public.html", {"outage_banner": outage}, visitor_request)
    assert "Broadband is down in Binjiang" in html
    assert 'class="outage"' not in render_to_string("shells/public.html", {}, visitor_request)


@pytest.mark.django_db
def test_the_desk_follows_the_order_of_focus(staff_request):
    html = render_to_string("shells/desk.html", {}, staff_request)
    places = [
        html.index(f'class="{name}"')
        for name in ("skip", "bar", "rail", "lists", "queue", "conv", "info", "tabbar")
    ]
    assert places == sorted(places)
    assert 'data-user="7"' in html
    assert "data-logout" in html


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "shells/desk_wide.html",
        "shells/slim.html",
        "shells/plain.html",
        "shells/gallery.html",
        "404.html",
        "403.html",
    ],
)
def test_the_other_shells_can_be_shown(staff_request, name):
    assert "</html>" in render_to_string(name, {}, staff_request)


@pytest.mark.django_db
def test_what_is_not_theirs_does_not_exist_for_customers(staff_request, visitor_request):
    assert "We can't find this page" in render_to_string("403.html", {}, visitor_request)
    reason = render_to_string("403.html", {"exception": "It belongs to the complaints team."}, staff_request)
    assert "It belongs to the complaints team." in reason


@pytest.mark.parametrize("name", ["500.html", "400.html", "403_csrf.html"])
def test_last_resorts_need_neither_request_nor_database(name):
    assert "</html>" in render_to_string(name)


def test_the_error_page_carries_its_number():
    assert "Error number 7F3A-21" in render_to_string("500.html", {"error_id": "7F3A-21"})


def test_only_the_failing_part_shows_a_domain_error():
    error = SimpleNamespace(title="Something changed meanwhile", message="He Ting has just escalated it.")
    html = render_to_string("partials/error_part.html", {"error": error})
    assert "data-part-error" in html
    assert "He Ting has just escalated it." in html


@pytest.mark.parametrize("file", OWN, ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_no_shell_needs_inline_style_or_script(file):
    text = file.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:|hx-on", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


def test_every_icon_that_a_template_names_is_in_the_sprite():
    known = set(ui.icon_names())
    assert len(known) > 90
    for file in TEMPLATES.rglob("*.html"):
        named = re.findall(
            r'{%\s*icon "([\w-]+)"|icon_name="([\w-]+)"|notice_icon="([\w-]+)"', file.read_text()
        )
        assert {name for hit in named for name in hit if name} <= known, file


def test_styles_use_roles_not_colours():
    """Only tokens.css names colours; the sheets inside the admin bring the same roles along."""
    for file in STATIC.glob("css/*.css"):
        if file.name.startswith(("tokens", "admin")):
            continue
        text = re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.S)
        allowed = {"#fff", "#000"}  # print, and the white ground of a QR code
        assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", text)) <= allowed, file.name


def test_both_ways_into_the_dark_theme_agree():
    text = (STATIC / "css/tokens.css").read_text()
    chosen = re.search(r':root\[data-theme="dark"\] \{(.*?)\n\}', text, re.S)
    system = re.search(r':root:not\(\[data-theme="light"\]\) \{(.*?)\n  \}', text, re.S)
    assert chosen is not None
    assert system is not None
    assert chosen[1].split() == system[1].split()
