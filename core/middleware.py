"""What every request passes: a log line with an id, domain errors become answers, the admin gets its own content
policy."""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_structlog.middlewares import RequestMiddleware

from core.errors import DomainError
from core.paths import without_secrets


class RequestLogMiddleware(RequestMiddleware):
    """One line a request, without what must not be logged: query strings (searches hold phone numbers) and tokens in
    paths. Written as the answer's X-Request-ID too, which error pages show."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {without_secrets(request.path)}"

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        """Who is signed in, by the session if anything has read it. (The parent looks at the user at once: that costs
        each request its queries, and it puts another object in place of `request.user`, which allauth's session
        tokens then cannot renew.)"""
        session = getattr(request, "session", None)
        if session is not None and session.accessed:
            structlog.contextvars.bind_contextvars(user_id=session.get(SESSION_KEY))

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        response["X-Request-ID"] = str(structlog.contextvars.get_contextvars().get("request_id", ""))
        super().handle_response(request, response)


class DomainErrorMiddleware:
    """A domain error that a page did not handle becomes its status with a page (or a fragment for htmx)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_replace = settings.ADMIN_CSP  # type: ignore[attr-defined]  # django-csp's own hook
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer for a DomainError; None leaves every other exception to Django."""
        if not isinstance(error, DomainError):
            return None
        context = {
            "error": error,
            "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
        }
        if request.headers.get("HX-Request"):
            template = "partials/error_part.html"
        else:
            template = "404.html" if error.status == 404 else "domain_error.html"
        response = render(request, template, context, status=error.status)
        if "retry_after" in error.extra:
            response["Retry-After"] = str(error.extra["retry_after"])
        return response
