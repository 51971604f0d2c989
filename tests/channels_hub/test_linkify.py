"""What people wrote becomes HTML once, escaped."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_hub.templatetags.linkify import linkify

LINK = '<a href="{0}" target="_blank" rel="noopener noreferrer nofollow ugc">{0}</a>'


@pytest.mark.parametrize(
    ("text", "address", "rest"),
    [
        ("看 https://heqi.example/help。谢谢", "https://heqi.example/help", "看 {}。谢谢"),
        ("https://heqi.example/help请看", "https://heqi.example/help", "{}请看"),
        ("(see http://a.example/b).", "http://a.example/b", "(see {})."),
        ("https://a.example/x_(y)", "https://a.example/x_(y)", "{}"),
        ("HTTPS://A.example!", "HTTPS://A.example", "{}!"),
    ],
)
def test_addresses_become_links_without_what_surrounds_them(text, address, rest):
    assert linkify(text) == rest.format(LINK.format(address))


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "ftp://a.example", "a.example", "//a.example"]
)
def test_nothing_else_does(text):
    assert linkify(text) == text


def test_line_ends_stay():
    assert linkify("one\ntwo") == "one<br>two"


@given(st.text(alphabet="<>\"'&;:/.()?=ahtps \n好", max_size=60).map(lambda s: "https://a" + s))
def test_whatever_is_written_stays_text(text):
    out = linkify(text)
    assert set(re.findall(r"</?([a-z]+)", out)) <= {"a", "br"}
    assert not re.search(r"<a (?!href=\"https?://[^\"<>]*\" target=\"_blank\" rel=\"[a-z ]+\">)", out)
    assert html.unescape(re.sub(r"<br>", "\n", re.sub(r"</?a[^>]*>", "", out))) == text
