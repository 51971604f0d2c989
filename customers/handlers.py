"""What customers does for core and accounts: says who is behind a request, a socket, a phone."""

from collections.abc import Mapping
from typing import Any

from accounts import ports
from core import ports_declared
from core.actors import NOBODY, Actor
from customers.services import accounts
from customers.viewers import viewer_of, viewer_of_user

ports_declared.viewer_of_request.provide(viewer_of)
ports.account_of_phone.provide(accounts.account_of_phone)
ports.phone_of_account.provide(accounts.phone_of_account)
ports.prove_phone.provide(accounts.prove_phone)


@ports_declared.viewer_of_scope.provide
def viewer_of_scope(scope: Mapping[str, Any]) -> Actor:
    """The viewer behind a socket, by the session of its handshake."""
    user = scope.get("user")
    return NOBODY if user is None else viewer_of_user(user)
