"""Is it still under warranty, since when, and by which rule (三包).

Periods follow the Civil Code, art. 200–203: the day of the beginning does not count, a period of months ends
with the same day of its last month (with the last day of the month where that day does not exist), and that
day still counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.core.cache import caches

from customers import rules
from customers.enums import StartBasis
from customers.models import Device, WarrantyPolicy

_KEPT, _KEPT_SECONDS = "customers.warranty-policies", 30
_DATES = {
    StartBasis.PURCHASE: "purchased_on",
    StartBasis.ACTIVATION: "activated_on",
    StartBasis.PRODUCTION: "produced_on",
}


@dataclass(frozen=True, slots=True)
class Term:
    """One promise: for the whole unit (`part` empty) or a part, until and including `until`; None when no
    date proves a beginning."""

    part: str
    name: str
    months: int
    basis: str
    basis_date: date | None
    until: date | None
    in_warranty: bool
    policy: str
    version: int


@dataclass(frozen=True, slots=True)
class Warranty:
    """The answer for one device on one day. `basis` is the date that counts (purchase, activation,
    production), empty when none is known. Days left are counted from `on`: 0 on the last day, None when the
    right is over, has not begun or cannot be shown. `policies` are the (code, version) that were applied:
    the evidence of a decision."""

    on: date
    until: date | None
    in_warranty: bool
    basis: str
    basis_date: date | None
    refund_days_left: int | None
    exchange_days_left: int | None
    conditions: str
    exclusions: str
    parts: tuple[Term, ...] = ()
    policies: tuple[tuple[str, int], ...] = field(default=())

    @property
    def days_left(self) -> int | None:
        """Days until the whole unit's warranty ends; None when it is over or unknown."""
        return (self.until - self.on).days if self.until is not None and self.in_warranty else None

    @property
    def proven(self) -> bool:
        """Whether any date shows when the warranty began."""
        return self.basis_date is not None


def warranty_of(device: Device, on: date) -> Warranty:
    """The warranty of a device on a day. One query when product and line are selected with the device."""
    return warranties_of([device], on)[device.pk]


def warranties_of(devices: Sequence[Device], on: date) -> dict[int, Warranty]:
    """`warranty_of` for several devices by their ids, in one query for all policies."""
    policies = list(WarrantyPolicy.objects.filter(active=True))
    return {device.pk: _judge(device, policies, on) for device in devices}


def warranties_at_a_glance(devices: Sequence[Device], on: date) -> dict[int, Warranty]:
    """`warranties_of` by the policies as this process read them within the last half minute: for pages that show many
    devices, not for decisions."""
    policies = caches["local"].get(_KEPT)
    if policies is None:
        policies = list(WarrantyPolicy.objects.filter(active=True))
        caches["local"].set(_KEPT, policies, _KEPT_SECONDS)
    return {device.pk: _judge(device, policies, on) for device in devices}


def _judge(device: Device, policies: Iterable[WarrantyPolicy], on: date) -> Warranty:
    chosen: dict[str, WarrantyPolicy] = {}
    for policy in policies:
        if policy.line_id not in (None, device.product.line_id):
            continue
        best = chosen.get(policy.part)
        if best is None or _rank(policy) > _rank(best):
            chosen[policy.part] = policy
    unit_policy = chosen.pop("", None)
    unit = _unit_term(device, unit_policy, on)
    parts = tuple(_term(device, policy, policy.months, on) for _, policy in sorted(chosen.items()))
    return Warranty(
        on=on,
        until=unit.until,
        in_warranty=unit.in_warranty,
        basis=unit.basis,
        basis_date=unit.basis_date,
        refund_days_left=_days_left(unit, unit_policy.days_refund if unit_policy else None, on),
        exchange_days_left=_days_left(unit, unit_policy.days_exchange if unit_policy else None, on),
        conditions=unit_policy.conditions if unit_policy else "",
        exclusions=unit_policy.exclusions if unit_policy else "",
        parts=parts,
        policies=tuple((term.policy, term.version) for term in (unit, *parts) if term.policy),
    )


def _rank(policy: WarrantyPolicy) -> tuple[bool, int, int]:
    """The narrower line first, then the newer version, then the newer row."""
    return (policy.line_id is not None, policy.version, policy.pk)


def _unit_term(device: Device, policy: WarrantyPolicy | None, on: date) -> Term:
    """The whole unit. A model may promise more months than its line's rule, never fewer."""
    promised = device.product.warranty_months
    if policy is None:
        basis, start = _start(device, [StartBasis.PURCHASE, StartBasis.ACTIVATION, StartBasis.PRODUCTION])
        return _between(Term("", "", promised, basis, start, None, False, "", 0), on)
    return _term(device, policy, max(policy.months, promised), on)


def _term(device: Device, policy: WarrantyPolicy, months: int, on: date) -> Term:
    basis, start = _start(device, [policy.start_basis, policy.fallback_basis])
    term = Term(policy.part, policy.name, months, basis, start, None, False, policy.code, policy.version)
    return _between(term, on)


def _start(device: Device, wanted: Iterable[str]) -> tuple[str, date | None]:
    """The first wanted date that is known; then any that is: activation (later, so kinder) before
    production."""
    for basis in (*wanted, StartBasis.ACTIVATION, StartBasis.PRODUCTION):
        known: date | None = getattr(device, _DATES[StartBasis(basis)]) if basis else None
        if known is not None:
            return str(basis), known
    return "", None


def _between(term: Term, on: date) -> Term:
    if term.basis_date is None:
        return term
    until = rules.add_months(term.basis_date, term.months)
    return Term(
        part=term.part,
        name=term.name,
        months=term.months,
        basis=term.basis,
        basis_date=term.basis_date,
        until=until,
        in_warranty=term.basis_date <= on <= until,
        policy=term.policy,
        version=term.version,
    )


def _days_left(unit: Term, days: int | None, on: date) -> int | None:
    if unit.basis_date is None or days is None or on < unit.basis_date:
        return None
    left = (unit.basis_date + timedelta(days=days) - on).days
    return left if left >= 0 else None
