"""What every template may ask for."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core import live


def live_position(request: HttpRequest) -> dict[str, Any]:
    """`live_position`: the `since` of a page's socket; queried only where a template writes it."""
    return {"live_position": SimpleLazyObject(live.position)}
