"""Facts about surveys and follow-ups."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class SurveyOffered(DomainEvent):
    """A rating was asked; subject: the ticket."""

    kind: ClassVar[str] = "surveys.offered"
    subject_kind: ClassVar[str] = "ticket"
    invitation_id: int
    cycle: int


@dataclass(frozen=True, kw_only=True)
class SurveyAnswered(DomainEvent):
    """A rating came back; subject: the ticket."""

    kind: ClassVar[str] = "surveys.answered"
    subject_kind: ClassVar[str] = "ticket"
    invitation_id: int
    response_id: int
    stars: int
    solved: bool | None


@dataclass(frozen=True, kw_only=True)
class FollowUpOpened(DomainEvent):
    """A bad rating wants a call; subject: the ticket."""

    kind: ClassVar[str] = "surveys.follow_up_opened"
    subject_kind: ClassVar[str] = "ticket"
    follow_up_id: int
    owner_id: int | None


@dataclass(frozen=True, kw_only=True)
class FollowUpMoved(DomainEvent):
    """A follow-up changed state; subject: the ticket."""

    kind: ClassVar[str] = "surveys.follow_up_moved"
    subject_kind: ClassVar[str] = "ticket"
    follow_up_id: int
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class FollowUpAssigned(DomainEvent):
    """A follow-up got another owner; subject: the ticket."""

    kind: ClassVar[str] = "surveys.follow_up_assigned"
    subject_kind: ClassVar[str] = "ticket"
    follow_up_id: int
    before: int | None
    after: int | None


@dataclass(frozen=True, kw_only=True)
class FollowUpEscalated(DomainEvent):
    """A follow-up is still open at half, five sixths or all of its time; subject: the ticket. `step` counts
    from 1."""

    kind: ClassVar[str] = "surveys.follow_up_escalated"
    subject_kind: ClassVar[str] = "ticket"
    follow_up_id: int
    step: int
    owner_id: int | None
