"""Markup from values, as Django's `format_html` and `flatatt` make it, without their price: a list of 50 rows prints
a thousand values, and each costs the lazy-text wrapper several microseconds there."""

from collections.abc import Mapping
from html import escape
from typing import Any

from django.utils.safestring import SafeString


def text_of(value: Any) -> str:
    """The value as text that markup may hold: markup stays, everything else is escaped."""
    if hasattr(value, "__html__"):
        return str(value.__html__())
    return escape(str(value))


def markup(template: str, *values: Any) -> SafeString:
    """The template with the values, escaped, in place of its {}."""
    return SafeString(template.format(*map(text_of, values)))


def attributes(values: Mapping[str, Any]) -> SafeString:
    """Attributes of a tag in order of their names, each with a blank before it: True stands as its name alone, after
    the others; None and False are left out."""
    names = sorted(values)
    valued = [name for name in names if values[name] is not None and not isinstance(values[name], bool)]
    alone = [name for name in names if values[name] is True]
    return SafeString(
        "".join([*(f' {name}="{text_of(values[name])}"' for name in valued), *(f" {name}" for name in alone)])
    )
