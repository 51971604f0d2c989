"""Who looks at what core itself serves (files, nudges): by chat token, by tracking link, else by session."""

from django.conf import settings
from django.http import HttpRequest

from core import ports_declared
from core.actors import Actor
from core.errors import NotVisible
from core.services import limits


def address_of(request: HttpRequest) -> str:
    """The address that asks, for limits only: the proxy in front writes X-Real-IP over whatever a client sends, and
    without a proxy the header is not believed."""
    if settings.BEHIND_PROXY and (given := request.headers.get("X-Real-IP")):
        return given
    return request.META.get("REMOTE_ADDR", "") or "unknown"


def viewer_for(request: HttpRequest) -> Actor:
    """The viewer behind `?token=` (or X-Chat-Token), `?link=`, else the session. Raises NotVisible for a token or link
    that is not known, TooMany for an address that guesses."""
    token = request.headers.get("X-Chat-Token") or request.GET.get("token")
    link = request.GET.get("link")
    if not token and not link:
        viewer: Actor = ports_declared.viewer_of_request(request)
        return viewer
    found: Actor | None = (
        ports_declared.viewer_of_token(token) if token else ports_declared.viewer_of_link(link)
    )
    if found is None:
        limits.spend(f"viewer-token:{address_of(request)}", limit=30, seconds=60)
        raise NotVisible()
    return found
