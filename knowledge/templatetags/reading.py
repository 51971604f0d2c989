"""An article's cleaned HTML on a page: call-outs get their icon and word, named articles their link."""

import re
from collections.abc import Mapping

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from core.templatetags.ui import icon
from knowledge.services.excerpts import Segment

register = template.Library()

CALLOUTS = {
    "danger": ("notice--bad", "fire", _("Danger")),
    "warning": ("notice--warn", "alert", _("Careful")),
    "tip": ("notice--info", "info", _("Good to know")),
}
_OPEN = re.compile(r'<aside data-callout="(danger|warning|tip)">')


@register.filter
def article_html(html: str, named: Mapping[str, str]) -> SafeString:
    """The body of an article. `html` was cleaned when it was saved (knowledge.services.markdown); `named`
    maps titles that the text quotes to addresses."""
    body = _OPEN.sub(lambda found: _call_out(found[1]), html).replace("</aside>", "</div></aside>")
    for name, address in named.items():
        shown = escape(name)
        for before, after in (("《", "》"), ("&quot;", "&quot;"), ('"', '"'), ("“", "”")):
            link = format_html('<a href="{}">{}</a>', address, name)
            body = body.replace(f"{before}{shown}{after}", f"{before}{link}{after}")
    return mark_safe(body)  # noqa: S308  (cleaned by nh3 at saving; what is added here is escaped)


def _call_out(kind: str) -> SafeString:
    css, symbol, word = CALLOUTS[kind]
    return format_html(
        '<aside class="notice {} callout" role="note">{}<div class="grow"><b class="callout__word">{}</b>',
        css,
        icon(symbol),
        word,
    )


@register.filter
def marked(segments: tuple[Segment, ...]) -> SafeString:
    """An excerpt with what was looked for in <mark>."""
    return format_html_join(
        "",
        "{}",
        ((format_html("<mark>{}</mark>", part.text) if part.hit else part.text,) for part in segments),
    )
