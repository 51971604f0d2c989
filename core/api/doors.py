"""The base of every REST door: finds the viewer, keeps answers out of caches, counts anonymous posts."""

import re
from functools import cached_property
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from core import ports_declared
from core.actors import NOBODY, Actor
from core.api.parsers import Json
from core.errors import InvalidInput, NotVisible
from core.services.limits import spend
from core.viewers import address_of

#: the holder of a tracking link, and of a chat
TRACKING_HEADER, CHAT_HEADER = "X-Tracking-Token", "X-Chat-Token"
#: posts without sign-in from one address a minute; wrong tokens from one address a minute
ANONYMOUS_POSTS, WRONG_TOKENS = 60, 30
ONCE_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
SAFE = ("GET", "HEAD", "OPTIONS")


class AnonymousPosts(BaseThrottle):
    """Whoever writes without being signed in is counted by address, in the database that all processes share. Raises
    TooMany, which says when to come back."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        if request.method not in SAFE and not request.user.is_authenticated:
            spend(f"api-anonymous:{address_of(request)}", limit=ANONYMOUS_POSTS, seconds=60)
        return True


class Door(APIView):
    """A REST view. `kinds` says who may come in (kinds of Actor): nobody signed in → 401 where a sign-in would help,
    the wrong kind → 404, for to them the door does not exist. An empty `kinds` is open to all."""

    permission_classes = [AllowAny]
    throttle_classes = [AnonymousPosts]
    parser_classes = [Json]
    kinds: ClassVar[frozenset[str]] = frozenset()
    #: which headers open this door besides a sign-in
    keys: ClassVar[tuple[str, ...]] = ()

    @cached_property
    def viewer(self) -> Actor:
        """Who asks: by tracking link or chat token where the door takes them, else who is signed in. Raises NotVisible
        for a token that opens nothing (each counts against its address, TooMany after WRONG_TOKENS)."""
        for header, port in (
            (TRACKING_HEADER, ports_declared.viewer_of_link),
            (CHAT_HEADER, ports_declared.viewer_of_token),
        ):
            token = self.request.headers.get(header, "") if header in self.keys else ""
            if token:
                found: Actor | None = port(token)
                if found is None:
                    spend(f"viewer-token:{address_of(self.request)}", limit=WRONG_TOKENS, seconds=60)
                    raise NotVisible()
                return found
        return self.signed_in

    @property
    def signed_in(self) -> Actor:
        """Who is signed in: staff, customer or nobody."""
        found: Actor = ports_declared.viewer_of_request(self.request)
        return found

    @property
    def once_key(self) -> str:
        """The Idempotency-Key; empty without one. Raises InvalidInput for one that others could have thought of, too:
        whoever knows the key of a request gets its answer."""
        key = str(self.request.headers.get("Idempotency-Key", ""))
        if key and not ONCE_KEY.fullmatch(key):
            message = _("Use a random key of 16 to 64 letters, digits, - or _.")
            raise InvalidInput(message, code="bad_key", fields={"Idempotency-Key": [message]})
        return key

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        self.admit(self.kinds)

    def admit(self, kinds: frozenset[str]) -> None:
        """Raises NotAuthenticated for nobody, NotVisible for a viewer of another kind."""
        if not kinds or self.viewer.kind in kinds:
            return
        if self.viewer == NOBODY and not self.request.user.is_authenticated:
            raise NotAuthenticated(_("Please sign in, or send the token that opens this."))
        raise NotVisible()

    def taken(self, serializer: type[Serializer[Any]], **context: Any) -> dict[str, Any]:
        """The body, checked by its shape. Raises ValidationError."""
        found = serializer(data=self.request.data, context={"request": self.request, **context})
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)

    def asked(self, serializer: type[Serializer[Any]]) -> dict[str, Any]:
        """The query parameters, checked by their shape. Raises ValidationError."""
        found = serializer(data=self.request.query_params)
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)

    def answer(
        self, serializer: type[BaseSerializer[Any]], thing: Any, *, status: int = 200, **context: Any
    ) -> Response:
        """The thing (or list of things) as JSON."""
        many = isinstance(thing, list | tuple)
        shown = serializer(
            thing, many=many, context={"request": self.request, "viewer": self.viewer, **context}
        )
        return Response(shown.data, status=status)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.setdefault("Cache-Control", "private, no-store")
        return response


class StaffDoor(Door):
    """For staff; to customers it does not exist."""

    kinds = frozenset({"staff"})


class CustomerDoor(Door):
    """For a customer who is signed in, or the holder of a tracking link."""

    kinds = frozenset({"customer", "link"})
    keys = (TRACKING_HEADER,)


class VisitorDoor(Door):
    """For whoever holds a chat's token."""

    kinds = frozenset({"visitor"})
    keys = (CHAT_HEADER,)
