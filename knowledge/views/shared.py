"""What the pages of the help centre have in common: the maker's name, panels of other apps, and the context
that goes along when a reader asks for a person."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from core.panels import panels_at
from customers.models import Brand


def page_context(request: HttpRequest, **known: str) -> dict[str, Any]:
    """For every page: the brand, the address that search engines should keep, and the ways to a person.
    `known` is what the reader need not repeat: article, product, problem, code, q."""
    carried = {name: value for name, value in known.items() if value}
    return {
        "brand": Brand.objects.filter(is_default=True).first(),
        "canonical": f"{settings.PUBLIC_URL}{request.path}",
        "ways": ways(**carried),
    }


def ways(**carried: str) -> dict[str, str]:
    """The addresses of the ways to a person, with what is known; a way that is not installed is empty."""
    query = f"?{urlencode(carried)}" if carried else ""
    call = f"?{urlencode({**carried, 'call': '1'})}"
    return {
        "chat": _address("chat:open", query),
        "request": _address("help:request", query),
        "call": _address("help:request", call),
        "human": _address("help:human", query),
        "lookup": _address("help:lookup", ""),
        "mine": _address("help:mine", ""),
    }


def _address(name: str, query: str) -> str:
    try:
        return reverse(name) + query
    except NoReverseMatch:
        return ""


def panels(place: str, *subject: Any) -> list[tuple[str, dict[str, Any]]]:
    """What other apps show at this place: (template, context), in order."""
    found = [(panel.template, panel.context(*subject)) for panel in panels_at(place)]
    return [(template, context) for template, context in found if context is not None]
