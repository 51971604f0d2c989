"""How allauth signs people in here: staff by name and password, customers by their phone and a code."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.models import AbstractBaseUser
from django.forms import Field
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import ports
from accounts.fields import PhoneField
from accounts.models import User
from accounts.services.codes import deliver_code
from core import clock
from core.errors import NotAllowed
from core.viewers import address_of


class AccountAdapter(DefaultAccountAdapter):
    """Staff are made by administrators and customers by asking for service: nobody signs up by a form. What
    concerns a customer's phone is asked of the customers app by ports."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": _("This code is wrong. Check it, or have a new one sent."),
        "username_password_mismatch": _("Name or password is wrong."),
        "phone_password_mismatch": _("Name or password is wrong."),
        "too_many_login_attempts": _("Too many tries. Please wait a few minutes."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    # --- customers: phone and code ------------------------------------------------------------------------
    def phone_form_field(self, **kwargs: Any) -> Field:
        return PhoneField(**kwargs)

    def get_user_by_phone(self, phone: str) -> AbstractBaseUser | None:
        """The customer's account; None for an unknown number, which the page does not tell."""
        user: User | None = ports.account_of_phone(phone=phone, at=clock.now())
        return user

    def get_phone(self, user: AbstractBaseUser) -> tuple[str, bool] | None:
        phone: tuple[str, bool] | None = ports.phone_of_account(user=user)
        return phone

    def set_phone(self, user: AbstractBaseUser, phone: str, verified: bool) -> None:
        """A number is kept only when it was proven."""
        if not verified:
            raise NotAllowed(_("Prove the number with a code first."), code="unproven_phone")
        self.set_phone_verified(user, phone)

    def set_phone_verified(self, user: AbstractBaseUser, phone: str) -> None:
        ports.prove_phone(user=user, phone=phone, at=clock.now())

    def send_verification_code_sms(
        self, user: AbstractBaseUser, phone: str, code: str, **kwargs: Any
    ) -> None:
        deliver_code(phone=phone, code=code)
