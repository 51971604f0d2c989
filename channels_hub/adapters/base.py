"""What every way out looks like from inside. docs/recipes/add-a-channel.md shows how to add one."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from channels_hub.models import Thread


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a way out can do. `on_page`: the customer reads on a page of ours, nothing leaves the house."""

    on_page: bool = False
    files: bool = False
    subject: bool = False
    longest: int = 50_000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One thing to carry, read from its Outbox row before the network is touched. `references` are the ids
    that the receiving side knows of earlier mails of the thread, oldest first."""

    outbox_id: int
    recipient: str
    subject: str
    body: str
    sender: str = ""
    language: str = ""
    references: tuple[str, ...] = ()


class TemporaryFailure(Exception):
    """This one did not go through now; it is tried again later."""


class PermanentFailure(Exception):
    """This one will never go through (no such mailbox); it is given up at once."""


class ServerAway(Exception):
    """The server cannot be reached or takes nothing: not this one's fault. All wait until it is back."""


class Session(Protocol):
    """An open way to the server."""

    def carry(self, outgoing: Outgoing) -> None:
        """Hand one over; returns when the other side has taken it. Raises one of the three failures above.
        Handing the same Outbox row over again uses the same id, so that the receiving side can tell."""


class Adapter(Protocol):
    """A way out for one or more kinds of channel."""

    capabilities: Capabilities

    def recipient(self, thread: Thread) -> str:
        """Where a message of this thread is carried to; empty when the customer reads it on a page."""

    def open(self) -> AbstractContextManager[Session]:
        """A session for several. Raises ServerAway."""
