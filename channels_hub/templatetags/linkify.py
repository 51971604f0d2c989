"""What people said, on a page: never HTML of theirs, line ends kept, web addresses made links."""

import re

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# only http(s), only characters an address may hold: Chinese text right behind an address does not belong to
# it
ADDRESS = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]{0,1990}", re.IGNORECASE)
TRAILING = ".,;:!?'"


def _trimmed(address: str) -> str:
    """Without the punctuation that ends the sentence, and without a bracket that was opened before the
    address."""
    while address:
        last = address[-1]
        unmatched = last in ")]" and address.count(last) > address.count("(" if last == ")" else "[")
        if last not in TRAILING and not unmatched:
            break
        address = address[:-1]
    return address


@register.filter(is_safe=False)
def linkify(text: str) -> SafeString:
    """Escaped text with <br> and links; links open elsewhere and say nothing of where they came from."""
    parts: list[str] = []
    position = 0
    for found in ADDRESS.finditer(text):
        address = _trimmed(found.group())
        parts.append(escape(text[position : found.start()]))
        parts.append(
            format_html(
                '<a href="{0}" target="_blank" rel="noopener noreferrer nofollow ugc">{0}</a>', address
            )
        )
        position = found.start() + len(address)
    parts.append(escape(text[position:]))
    return mark_safe("".join(parts).replace("\n", "<br>"))  # noqa: S308  every part was escaped above
