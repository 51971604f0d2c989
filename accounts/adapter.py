"""How allauth signs people in here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Staff are made by administrators and customers by asking for service: nobody signs up by a form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
