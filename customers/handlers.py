"""What customers does for core: says who is behind a request or a socket."""

from collections.abc import Mapping
from typing import Any

from core import ports_declared
from core.actors import NOBODY, Actor
from customers.viewers import viewer_of, viewer_of_user

ports_declared.viewer_of_request.provide(viewer_of)


@ports_declared.viewer_of_scope.provide
def viewer_of_scope(scope: Mapping[str, Any]) -> Actor:
    """The viewer behind a socket, by the session of its handshake."""
    user = scope.get("user")
    return NOBODY if user is None else viewer_of_user(user)
