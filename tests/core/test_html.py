"""Markup made the cheap way is the markup that Django makes."""

from typing import Any

from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from core.html import attributes, markup, text_of

VALUES = st.one_of(
    st.text(max_size=12), st.integers(), st.floats(allow_nan=False), st.text(max_size=6).map(mark_safe)
)


@given(st.lists(VALUES, min_size=3, max_size=3))
def test_markup_is_what_format_html_makes(values: list[Any]) -> None:
    template = '<a href="{}" title="{}">{}</a>'
    assert markup(template, *values) == format_html(template, *values)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), VALUES | st.booleans() | st.none()))
def test_attributes_are_what_flatatt_makes(values: dict[str, Any]) -> None:
    assert attributes(values) == flatatt(values)


def test_what_people_wrote_cannot_become_markup() -> None:
    assert markup("<b>{}</b>", "<script>") == "<b>&lt;script&gt;</b>"
    assert attributes({"title": '"><script>'}) == ' title="&quot;&gt;&lt;script&gt;"'
    assert text_of(gettext_lazy("a & b")) == "a &amp; b"
    assert hasattr(markup("{}", 1), "__html__")
    assert hasattr(attributes({}), "__html__")
