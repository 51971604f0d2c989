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
