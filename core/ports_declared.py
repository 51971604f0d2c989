"""What core must ask of upper apps: who is behind a request, a socket, a token.

Providers register with `@port.provide` in their app's handlers.py (loaded at start, see core.apps).
"""

from core.actors import NOBODY
from core.ports import Port

#: viewer_of_request(request) -> Actor: staff, customer or nobody, by the session (customers provides it)
viewer_of_request = Port("viewer of a request", default=NOBODY)

#: viewer_of_scope(scope) -> Actor: the same for a socket's ASGI scope (customers provides it)
viewer_of_scope = Port("viewer of a scope", default=NOBODY)

#: viewer_of_token(token) -> Actor | None: the visitor who holds this chat token (channels_hub provides it)
viewer_of_token = Port("viewer of a token", default=None)

#: viewer_of_link(token) -> Actor | None: the holder of this tracking link (tickets provides it)
viewer_of_link = Port("viewer of a link", default=None)
