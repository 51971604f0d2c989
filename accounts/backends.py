"""Signing in, and who a session belongs to: the user together with what every page of staff asks about them."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.backends import ModelBackend

from accounts.models import User
from accounts.services.people import with_duties


class _WithDuties:
    """Reads a session's user with teams, roles and agent in one statement (see `with_duties`)."""

    def get_user(self, user_id: Any) -> User | None:
        """The active user of this number, or None."""
        found = with_duties(User.objects.all()).filter(pk=user_id).first()
        return found if found is not None and found.is_active else None


class PasswordBackend(_WithDuties, ModelBackend):
    """Name and password, and the rights of groups."""


class AccountBackend(_WithDuties, AuthenticationBackend):
    """allauth's ways in: phone codes, mail addresses."""
