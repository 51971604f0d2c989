"""RFC 9457 problem details for everything that goes wrong in the API."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from core.errors import DomainError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
#: what a kind of problem is called, for ever: `type` is this and the code
TYPE = "urn:anxin-desk:problem:"
TITLES = {
    400: _("Please check what you entered"),
    401: _("Please sign in"),
    403: _("You are not allowed to do this"),
    404: _("Not found"),
    405: _("This address does not take this method"),
    406: _("This cannot be answered in the form asked for"),
    409: _("Something changed meanwhile"),
    413: _("This is too much at once"),
    415: _("This kind of content is not taken"),
    429: _("Too many tries. Please wait a moment"),
    500: _("Something went wrong on our side"),
}
CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "internal_error",
}


def problem_response(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to any exception in a REST view; what nobody expected is logged and becomes a 500 that names the
    request and nothing else."""
    if isinstance(error, DomainError):
        return _of_domain(error)
    if isinstance(error, Http404):
        return problem(404)
    if isinstance(error, PermissionDenied):
        return problem(403)
    if isinstance(error, RequestDataTooBig):
        return problem(413)
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return problem(400, detail=_("The request cannot be read."), code="unreadable")
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return _of_accident(error, context)


def problem(
    status: int,
    *,
    detail: object = "",
    title: object = "",
    code: str = "",
    errors: Mapping[str, Iterable[object]] | None = None,
    extra: Mapping[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Problem details: type, title, status, detail, code, `errors` by field, and what else belongs to this kind."""
    code = code or CODES.get(status, "error")
    title = title or TITLES.get(status, _("This cannot be done"))
    # `status` is the number of HTTP here; the state that a thing is in goes by another name
    body: dict[str, Any] = {
        "state" if key == "status" else key: value for key, value in (extra or {}).items()
    }
    body |= {
        "type": f"{TYPE}{code}",
        "title": str(title),
        "status": status,
        "detail": str(detail or title),
        "code": code,
    }
    if errors:
        body["errors"] = {name: [str(text) for text in texts] for name, texts in errors.items()}
    return Response(body, status=status, headers=headers, content_type=MEDIA_TYPE)


def _of_domain(error: DomainError) -> Response:
    headers = {"Retry-After": str(error.extra["retry_after"])} if "retry_after" in error.extra else None
    return problem(
        error.status,
        title=error.title,
        detail=error.message,
        code=error.code,
        errors=error.fields,
        extra=error.extra,
        headers=headers,
    )


def _of_framework(error: exceptions.APIException) -> Response:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None)
    extra: dict[str, object] = {}
    if wait is not None:
        extra["retry_after"] = int(wait) + 1
        headers["Retry-After"] = str(int(wait) + 1)
    if isinstance(error, exceptions.ValidationError):
        fields = dict(_fields(error.detail))
        general = [
            text for texts in (fields.pop("", None), fields.pop(_NO_FIELD, None)) for text in texts or ()
        ]
        return problem(400, detail=" ".join(general), code="invalid", errors=fields)
    code = str(error.detail.code) if isinstance(error.detail, exceptions.ErrorDetail) else ""
    if isinstance(error, exceptions.ParseError):
        code = "not_readable"
    # codes that only say what the status says keep our name for it
    kept = "" if code in ("error", "permission_denied", "authentication_failed", "throttled") else code
    return problem(error.status_code, detail=error.detail, code=kept, extra=extra, headers=headers)


_NO_FIELD = str(api_settings.NON_FIELD_ERRORS_KEY)


def _fields(detail: Any, name: str = "") -> Iterable[tuple[str, list[str]]]:
    """Complaints by field; those within a field's parts as `answers.punctual` or `reasons.0`."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _fields(value, f"{name}.{key}" if name else str(key))
        return
    if not isinstance(detail, list):
        yield name, [str(detail)]
        return
    texts = [str(part) for part in detail if not isinstance(part, Mapping | list)]
    if texts:
        yield name, texts
    for place, part in enumerate(detail):
        if isinstance(part, Mapping | list) and part:
            yield from _fields(part, f"{name}.{place}" if name else str(place))


def _of_accident(error: Exception, context: dict[str, Any]) -> Response:
    error_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    log.error("api_accident", error_id=error_id, exc_info=sys.exc_info())
    view = context.get("view")
    # what Django does for a page: error trackers hear of it, and the test client raises it
    got_request_exception.send(
        sender=view.__class__ if view else None, request=getattr(context.get("request"), "_request", None)
    )
    return problem(
        500,
        detail=_("We have been told. If you write to us about it, please give the number %(id)s.")
        % {"id": error_id},
        extra={"error_id": error_id},
    )
