"""REST doors of core: files, nudges, and what does not exist."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.doors import CHAT_HEADER, TRACKING_HEADER, Door
from core.api.schema import spec
from core.errors import NotVisible
from core.views import file_answer, nudges_since

TAG = "shared"


class Asked(serializers.Serializer[Any]):
    event = serializers.IntegerField(
        min_value=0, max_value=2**63 - 1, default=0, help_text="What the answer before said; 0 to begin"
    )
    topics = serializers.CharField(
        max_length=2000, default="", allow_blank=True, help_text="ticket:42,thread:7 (at most 50)"
    )


class NudgeOut(serializers.Serializer[Any]):
    topic = serializers.CharField()
    kind = serializers.CharField()
    event = serializers.IntegerField()


class NudgesOut(serializers.Serializer[Any]):
    event = serializers.IntegerField(help_text="What to ask from next")
    stale = serializers.BooleanField(help_text="Too much was missed: fetch everything anew")
    nudges = NudgeOut(many=True)


class Nudges(Door):
    """What changed of the things that an app shows: fetch those anew. Topics that the viewer may not watch say
    nothing."""

    kinds = frozenset({"staff", "customer", "link", "visitor"})
    keys = (TRACKING_HEADER, CHAT_HEADER)

    @spec("events_since", "What changed since", tag=TAG, query=Asked, gives=NudgesOut)
    def get(self, request: Request) -> Response:
        asked = self.asked(Asked)
        return Response(nudges_since(self.viewer, asked["event"], asked["topics"]))


class OneFile(Door):
    """An attachment, for whoever may see what it belongs to."""

    kinds = frozenset({"staff", "customer", "link", "visitor"})
    keys = (TRACKING_HEADER, CHAT_HEADER)

    @spec("file", "The bytes of an attachment", tag=TAG, gives=bytes)
    def get(self, request: Request, file_id: uuid.UUID) -> HttpResponse:
        return file_answer(request._request, self.viewer, file_id)  # type: ignore[return-value]  # streams, too


class Unknown(Door):
    """Every address under /api/ that nothing else answers."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotVisible()

    def get(self, request: Request, **kwargs: Any) -> Response:
        raise NotVisible()

    post = put = patch = delete = get
