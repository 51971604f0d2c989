"""Who reads, without knowing who it is: a random key in the browser's session, made when a reader first says
something."""

import secrets

from django.http import HttpRequest

_KEY = "reader"


def reader_of(request: HttpRequest) -> str:
    """The reader's key; made and kept in the session at the first call, so only pages that write call
    this."""
    known = request.session.get(_KEY)
    if not isinstance(known, str):
        known = secrets.token_hex(16)
        request.session[_KEY] = known
    return known


def known_reader(request: HttpRequest) -> str | None:
    """The reader's key if there is one; makes none and opens no session."""
    known = request.session.get(_KEY)
    return known if isinstance(known, str) else None
