"""Where somebody goes after signing in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.enums import UserKind
from accounts.models import User


@never_cache
@require_safe
@login_required
def landing(request: HttpRequest) -> HttpResponse:
    """Staff to the desk, customers to what is theirs in the help centre."""
    user = request.user
    staff = isinstance(user, User) and user.kind == UserKind.STAFF
    return redirect("desk:queue" if staff else "help:mine")
