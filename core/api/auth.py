"""Who is signed in to the app: allauth's session token in X-Session-Token."""

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request


class SessionToken(XSessionTokenAuthentication):
    """allauth's token. One that is no longer good is refused (401) instead of taken for nobody: an app that was
    signed out must not go on as an anonymous visitor without knowing it."""

    def authenticate(self, request: HttpRequest) -> Any:
        found = super().authenticate(request)
        if found is None and self.get_session_token(request):
            raise AuthenticationFailed(_("You are signed out. Please sign in again."), code="signed_out")
        return found

    def authenticate_header(self, request: Request) -> str:
        """What WWW-Authenticate says; without it, DRF would answer 403 instead of 401."""
        return 'Session realm="api"'
