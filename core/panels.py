"""What an upper app shows on a lower app's page: `place` → rendered fragments, in order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Panel:
    """A fragment on somebody else's page: a template and a function that yields its context, or None to stay away."""

    order: int
    template: str
    context: Callable[..., dict[str, Any] | None]


_panels: dict[str, list[Panel]] = {}


def panel(
    place: str, *, template: str, order: int = 50
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a panel for a place; the function takes `request` and the page's subject."""

    def register(context: Callable[..., Any]) -> Callable[..., Any]:
        _panels.setdefault(place, []).append(Panel(order, template, context))
        _panels[place].sort(key=lambda p: p.order)
        return context

    return register


def panels_at(place: str) -> list[Panel]:
    """The panels of a place, in order."""
    return _panels.get(place, [])
