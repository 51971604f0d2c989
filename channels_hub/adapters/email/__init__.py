"""Mail, handed to the server that Django's mail settings name."""

import smtplib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import structlog
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from channels_hub.adapters.base import (
    Adapter,
    Capabilities,
    Outgoing,
    PermanentFailure,
    ServerAway,
    Session,
    TemporaryFailure,
)
from channels_hub.adapters.email.compose import compose
from channels_hub.models import Thread

log = structlog.get_logger(__name__)
TOO_BIG = 552


class MailSession:
    """One connection to the mail server."""

    def __init__(self, backend: BaseEmailBackend) -> None:
        self.backend = backend

    def carry(self, outgoing: Outgoing) -> None:
        """Hand one mail over. Raises TemporaryFailure, PermanentFailure or ServerAway."""
        try:
            self.backend.send_messages([compose(outgoing)])
        except ValueError as error:  # Django refuses header injection and unparseable addresses
            raise PermanentFailure(f"{type(error).__name__}: {error}") from error
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise _failure(code, text) from error
        except smtplib.SMTPDataError as error:
            raise _failure(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code == TOO_BIG:
                raise _failure(error.smtp_code, error.smtp_error) from error
            # our own address is refused: a matter of settings, the same for every mail
            raise ServerAway(_words(error.smtp_code, error.smtp_error)) from error
        except OSError as error:  # no connection, time-out, and what smtplib raises beyond the above
            raise ServerAway(f"{type(error).__name__}: {error}") from error


def _words(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"


def _failure(code: int, text: bytes | str) -> Exception:
    """421 closes the whole connection, other 4xx are about this mail for now, 5xx about it for ever."""
    if code == 421:
        return ServerAway(_words(code, text))
    return PermanentFailure(_words(code, text)) if code >= 500 else TemporaryFailure(_words(code, text))


class EmailAdapter:
    """A thread's identity on an email channel is the address."""

    capabilities = Capabilities(subject=True)

    def recipient(self, thread: Thread) -> str:
        return thread.external_id

    def open(self) -> AbstractContextManager[Session]:
        return _open()


@contextmanager
def _open() -> Iterator[Session]:
    backend = get_connection()
    try:
        backend.open()
    except OSError as error:
        raise ServerAway(f"{type(error).__name__}: {error}") from error
    try:
        yield MailSession(backend)
    finally:
        # a good-bye that fails takes nothing back: each mail was answered for on its own
        with suppress(OSError):
            backend.close()


adapter: Adapter = EmailAdapter()
