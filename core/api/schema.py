"""How REST doors are documented: each with its problems, and with the keys that open it."""

from collections.abc import Callable, Sequence
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from core.api.doors import TRACKING_HEADER, Door
from core.api.problems import MEDIA_TYPE

#: names of the security schemes (settings declare them)
SIGN_IN, LINK, CHAT = "SessionToken", "TrackingToken", "ChatToken"


class Problem(serializers.Serializer[Any]):
    """RFC 9457 problem details, as application/problem+json."""

    type = serializers.CharField(help_text="urn:anxin-desk:problem:<code>")
    title = serializers.CharField(help_text="In the reader's language, the same for each kind")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="In the reader's language: what is wrong here")
    code = serializers.CharField(help_text="Stable: what an app decides by")
    errors = serializers.DictField(  # type: ignore[assignment]  # declared fields are not attributes
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="field → what is wrong with it",
    )
    allowed = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="409: the states that may follow now"
    )
    retry_after = serializers.IntegerField(required=False, help_text="429: seconds until it may work again")
    error_id = serializers.CharField(required=False, help_text="500: what to tell us")


class Schema(AutoSchema):
    """Adds to every operation what may go wrong with it, and which key it takes."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        view = self.view
        if not isinstance(view, Door):
            return super().get_auth()  # type: ignore[no-any-return]  # untyped upstream
        found: list[dict[str, list[str]]] = []
        if not view.kinds or view.kinds & {"staff", "customer"}:
            found.append({SIGN_IN: []})
        found += [{LINK if key == TRACKING_HEADER else CHAT: []} for key in view.keys]
        return found if view.kinds else [*found, {}]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        found: dict[str, Any] = super()._get_response_bodies(direction)
        for code in self._problems():
            if code not in found:
                found[code] = self._get_response_for_code(
                    OpenApiResponse(Problem), code, media_types=[MEDIA_TYPE], direction=direction
                )
        return dict(sorted(found.items()))

    def _problems(self) -> list[str]:
        codes = ["400", "401", "404", "406", "429"]
        if isinstance(self.view, Door) and "staff" in self.view.kinds:
            codes.append("403")
        if self.method in ("POST", "PUT", "PATCH", "DELETE"):
            codes += ["409", "413", "415"]
        return codes


def spec(
    operation_id: str,
    summary: str,
    *,
    tag: str,
    takes: Any = None,
    gives: Any = None,
    status: int = 200,
    query: Any = None,
    headers: Sequence[OpenApiParameter] = (),
    files: bool = False,
) -> Callable[[Any], Any]:
    """Document one method of a door: the body it takes, what it gives (None: nothing), its query parameters (a
    serializer). `files`: the body may come as multipart, too."""
    request: Any = takes
    if takes is not None and files:
        request = {"application/json": takes, "multipart/form-data": takes}
    answer = OpenApiResponse(gives) if gives is not None else OpenApiResponse(description="Done; no body")
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        tags=[tag],
        request=request,
        responses={status: answer},
        parameters=[*([query] if query is not None else []), *headers],
    )


def page_of(serializer: type[serializers.Serializer[Any]]) -> Any:
    """One page of a long list: `results`, and the addresses of its neighbours."""
    name = serializer.__name__.removesuffix("Out")
    return inline_serializer(
        f"{name}Page",
        {
            "next": serializers.CharField(allow_null=True, help_text="Address of the next page"),
            "previous": serializers.CharField(allow_null=True, help_text="Address of the page before"),
            "results": serializer(many=True),
        },
    )


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="16 to 64 random letters, digits, - or _ (a UUID): the same key again is the same request.",
    pattern="^[A-Za-z0-9_-]{16,64}$",
)
