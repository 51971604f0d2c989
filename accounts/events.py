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
