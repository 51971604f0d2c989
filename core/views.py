"""The two doors of core: files people attached, and nudges for pages whose socket cannot open."""

import uuid
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_safe

from core import live
from core.actors import Actor
from core.errors import InvalidInput
from core.services.files import file_for
from core.viewers import viewer_for

MAX_TOPICS = 50


@require_safe
def file(request: HttpRequest, file_id: uuid.UUID) -> HttpResponseBase:
    """A file, if its owner's guard lets the viewer have it; images on the page, everything else as a download."""
    return file_answer(request, viewer_for(request), file_id)


def file_answer(request: HttpRequest, viewer: Actor, file_id: uuid.UUID) -> HttpResponseBase:
    """The bytes for a viewer, or 304. Raises NotVisible."""
    found = file_for(viewer, file_id)
    etag = f'"{found.sha256}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None:
        if settings.MEDIA_ACCEL_PREFIX:
            # the proxy sends the bytes from a location that only this header reaches
            response = HttpResponse(
                headers={"X-Accel-Redirect": settings.MEDIA_ACCEL_PREFIX + quote(found.body.name or "")}
            )
        elif request.method == "HEAD":
            response = HttpResponse(headers={"Content-Length": str(found.size)})
        else:
            response = FileResponse(found.body.open("rb"))
            response["Content-Length"] = str(found.size)
    disposition = content_disposition_header(not found.is_image, found.name)
    if disposition:
        response["Content-Disposition"] = disposition
    response["Content-Type"] = found.content_type
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=3600"
    response["ETag"] = etag
    return response


@require_GET
def live_since(request: HttpRequest) -> JsonResponse:
    """`?event=981&topics=ticket:42,thread:7`: what the socket would have said since, and the `event` to ask from next.
    `stale` true: too much was missed, fetch everything anew. Topics the viewer may not watch are left out."""
    try:
        start = int(request.GET.get("event") or 0)
    except ValueError:
        start = -1
    if not 0 <= start < 2**63:
        raise InvalidInput(
            _("This is not the number of an event."), fields={"event": [_("Enter a whole number.")]}
        )
    response = JsonResponse(nudges_since(viewer_for(request), start, request.GET.get("topics", "")))
    response["Cache-Control"] = "no-store"
    return response


def nudges_since(viewer: Actor, start: int, topics_text: str) -> dict[str, object]:
    """The answer of live_since. Raises InvalidInput for too many topics."""
    texts = [text for text in topics_text.split(",") if text]
    if len(texts) > MAX_TOPICS:
        raise InvalidInput(_("Too many topics at once."), fields={"topics": [_("Too many topics at once.")]})
    topics = {topic for text in texts if (topic := live.parse_topic(text)) and live.may_watch(viewer, *topic)}
    newest = live.position()
    nudges = live.since(start, topics) if start else []
    return {
        "event": nudges[-1].event if nudges and nudges[-1].event == newest else newest,
        "stale": nudges is None,
        "nudges": [nudge.as_json() for nudge in nudges or []],
    }
