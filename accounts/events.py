"""Facts about staff."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class DutyChanged(DomainEvent):
    """An agent's duty state changed; subject: the agent row."""

    kind: ClassVar[str] = "accounts.duty_changed"
    subject_kind: ClassVar[str] = "agent"
    user_id: int
    before: str
    after: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class StaffNotified(DomainEvent):
    """Somebody was told something; subject: the user. `notice` is its kind."""

    kind: ClassVar[str] = "accounts.staff_notified"
    subject_kind: ClassVar[str] = "staff"
    notice_id: int
    notice: str
    level: str


@dataclass(frozen=True, kw_only=True)
class NoticesRead(DomainEvent):
    """Somebody read what they had been told; subject: the user."""

    kind: ClassVar[str] = "accounts.notices_read"
    subject_kind: ClassVar[str] = "staff"
    count: int
