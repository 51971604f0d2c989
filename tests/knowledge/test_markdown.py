"""Markdown to cleaned HTML, and what its author is told."""

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from knowledge.services.markdown import plain_text, render, safe_link, same_origin, warning_texts


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**注意：**请断电", "<p><strong>注意：</strong>请断电</p>"),
        ("请按**“确认”**键", "<p>请按<strong>“确认”</strong>键</p>"),
        ("显示**E20**就停", "<p>显示<strong>E20</strong>就停</p>"),
        ("（**重要**）", "<p>（<strong>重要</strong>）</p>"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
        ("a * b", "<p>a * b</p>"),
        ("snake_case_name", "<p>snake_case_name</p>"),
        ("第一行\n第二行", "<p>第一行<br>\n第二行</p>"),
        ("1. 一\n2. 二", "<ol>\n<li>一</li>\n<li>二</li>\n</ol>"),
    ],
)
def test_bold_works_beside_chinese_punctuation(text, html):
    assert render(text).html == html
    assert render(text).warnings == []


def test_headings_begin_below_the_page_title_and_have_addresses():
    assert render("# 检查\n\n## 检查\n\n##### Deep").html == (
        '<h2 id="s-检查">检查</h2>\n<h2 id="s-检查-2">检查</h2>\n<h4 id="s-deep">Deep</h4>'
    )


@pytest.mark.parametrize("kind", ["danger", "warning", "tip"])
def test_call_outs(kind):
    assert render(f"> [!{kind.upper()}] 别碰**开关**").html == (
        f'<aside data-callout="{kind}">\n<p>别碰<strong>开关</strong></p>\n</aside>'
    )


def test_other_quotes_stay_quotes_also_around_a_call_out():
    html = render("> 引用\n\n> [!tip]\n> 提示\n\n> [!nope] x").html
    assert html.count("<blockquote>") == html.count("</blockquote>") == 2
    assert html.count('<aside data-callout="tip">') == html.count("</aside>") == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[x](javascript:alert(1))", "link_removed"),
        ("[x](JaVaScRiPt:alert(1))", "link_removed"),
        ("[x](java&#115;cript:alert(1))", "link_removed"),
        ("[x](data:text/html,x)", "link_removed"),
        ("[x](vbscript:x)", "link_removed"),
        ("[x](//elsewhere.example)", "link_removed"),
        ("<javascript:alert(1)>", "link_removed"),
        ('<a href="javascript:x">x</a>', "link_removed"),
        ("![x](https://elsewhere.example/a.png)", "image_removed"),
        ("![x](//elsewhere.example/a.png)", "image_removed"),
        ("![x](data:image/svg+xml,x)", "image_removed"),
        ('<img src="https://elsewhere.example/a.png">', "image_removed"),
        ("![](/files/a.png)", "image_unnamed"),
        ("<script>alert(1)</script>", "tag_removed"),
        ("<iframe></iframe>", "tag_removed"),
        ("<style>p{}</style>", "tag_removed"),
        ('<p onclick="x()">x</p>', "attribute_removed"),
        ('<p style="color:red">x</p>', "attribute_removed"),
    ],
)
def test_what_is_dangerous_is_taken_out_and_reported(text, code):
    rendered = render(text)
    assert code in {pair[0] for pair in rendered.warnings}
    for trace in (
        "javascript:alert",
        "vbscript:",
        "elsewhere.example/a",
        "<script",
        "<iframe",
        "<style",
        "onclick",
        "style=",
    ):
        assert f'"{trace}' not in rendered.html
        assert trace not in rendered.html or trace == "javascript:alert"
    assert 'href="j' not in rendered.html.lower()


def test_a_removed_link_keeps_its_words():
    assert plain_text(render("看[这里](javascript:x)吧").html) == "看这里吧"


def test_good_links_and_pictures_stay():
    rendered = render(
        "[a](/articles/x/) [b](https://example.com) [c](tel:400-800-0000) [d](#s-x) ![灯](/files/1)"
    )
    assert rendered.warnings == []
    for kept in (
        'href="/articles/x/"',
        'href="https://example.com"',
        'href="tel:400-800-0000"',
        'src="/files/1"',
    ):
        assert kept in rendered.html
    assert 'loading="lazy"' in rendered.html


def test_code_is_not_html():
    assert render("`<b>`").html == "<p><code>&lt;b&gt;</code></p>"
    assert render("`<script>`").warnings == []
    assert plain_text("<p>a &lt;b&gt; &amp;amp;</p>") == "a <b> &amp;"


def test_warnings_speak_the_authors_language():
    with override("en"):
        assert warning_texts([["link_removed", "javascript:x"], ["unknown", "x"]]) == [
            "A link was removed, because it leads to javascript:x"
        ]


def test_each_warning_is_given_once():
    assert render("[a](javascript:x) [b](javascript:x)").warnings == [["link_removed", "javascript:x"]]


@given(st.text(alphabet=st.sampled_from("<>\"'=()[]!*_#`\\ajs:/&;\n onerror=script"), max_size=120))
def test_no_text_yields_a_script_or_a_handler(text):
    html = render(text).html.lower()
    assert "<script" not in html
    assert "onerror" not in html.replace("&quot;", "").split(">")[0] or "<img" not in html
    for tag in html.split("<")[1:]:
        assert " on" not in tag.split(">")[0]


@pytest.mark.parametrize("url", ["/a", "#a", "a/b", "?q=1", "http://x", "https://x", "mailto:a@b.c", "tel:1"])
def test_safe_links(url):
    assert safe_link(url)


@pytest.mark.parametrize(
    "url",
    ["javascript:x", " javascript:x", "java\nscript:x", "//x", "/\\x", "\\\\x", "ftp://x", "http://[", "x:y"],
)
def test_unsafe_links(url):
    assert not safe_link(url)


@pytest.mark.parametrize(
    "url", ["//x/a.png", "/\\x", "https://x/a.png", "a.png", "", "data:image/png;base64,x"]
)
def test_pictures_lie_here(url):
    assert not same_origin(url)
    assert same_origin("/files/a.png")
