"""Named errors of the domain. Services raise them, doors translate them: pages to messages beside the field or a
404 page, the API to RFC 9457 problem details."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """Something the caller asked for cannot be done. `code` is stable, `message` is for people, `fields` maps a
    field's name to its messages, `extra` goes into the API's answer."""

    status = 400
    code = "invalid"
    title = _("This cannot be done")

    def __init__(
        self,
        message: object = "",
        *,
        code: str | None = None,
        fields: Mapping[str, Sequence[object]] | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message or self.title)
        self.message = message or self.title
        self.code = code or self.code
        self.fields = {name: list(messages) for name, messages in (fields or {}).items()}
        self.extra = dict(extra or {})

    def __str__(self) -> str:
        return str(self.message)


class InvalidInput(DomainError):
    """A value is wrong; `fields` says which."""

    code = "invalid"
    title = _("Please check what you entered")


class NotVisible(DomainError):
    """It does not exist, or this viewer may not know that it does."""

    status = 404
    code = "not_found"
    title = _("Not found")


class SignInNeeded(DomainError):
    """Nobody is signed in (any more); a page to read leads to the sign-in, what was written stays where it is."""

    status = 401
    code = "not_signed_in"
    title = _("You are signed out")


class NotAllowed(DomainError):
    """The viewer may see it but not do this."""

    status = 403
    code = "not_allowed"
    title = _("You are not allowed to do this")


class Conflict(DomainError):
    """The state does not allow it (any more); `extra["allowed"]` says what it allows."""

    status = 409
    code = "conflict"
    title = _("Something changed meanwhile")


class TooMany(DomainError):
    """A limit of tries is used up; `extra["retry_after"]` is in seconds."""

    status = 429
    code = "too_many_requests"
    title = _("Too many tries. Please wait a moment")
