"""Facts about customers."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class CustomerCreated(DomainEvent):
    """A customer was first met."""

    kind: ClassVar[str] = "customers.created"
    subject_kind: ClassVar[str] = "customer"


@dataclass(frozen=True, kw_only=True)
class DeviceRegistered(DomainEvent):
    """A device got an owner; subject: the device."""

    kind: ClassVar[str] = "customers.device_registered"
    subject_kind: ClassVar[str] = "device"
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class LevelChanged(DomainEvent):
    """A customer's level changed."""

    kind: ClassVar[str] = "customers.level_changed"
    subject_kind: ClassVar[str] = "customer"
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class PersonalDataRevealed(DomainEvent):
    """A member of staff looked at a masked value; the reason stands in the detail."""

    kind: ClassVar[str] = "customers.revealed"
    subject_kind: ClassVar[str] = "customer"
    field: str


@dataclass(frozen=True, kw_only=True)
class DuplicateSuspected(DomainEvent):
    """A customer was made although others have the same phone: a person decides whether they are one."""

    kind: ClassVar[str] = "customers.duplicate_suspected"
    subject_kind: ClassVar[str] = "customer"
    others: list[int]


@dataclass(frozen=True, kw_only=True)
class IdentityProven(DomainEvent):
    """A customer proved that a phone is theirs, by a code."""

    kind: ClassVar[str] = "customers.identity_proven"
    subject_kind: ClassVar[str] = "customer"
    identity_id: int
    identity_kind: str


@dataclass(frozen=True, kw_only=True)
class ConsentGiven(DomainEvent):
    """A customer agreed to a purpose."""

    kind: ClassVar[str] = "customers.consent_given"
    subject_kind: ClassVar[str] = "customer"
    consent_id: int
    purpose: str


@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawn(DomainEvent):
    """A customer no longer agrees."""

    kind: ClassVar[str] = "customers.consent_withdrawn"
    subject_kind: ClassVar[str] = "customer"
    consent_id: int
    purpose: str
