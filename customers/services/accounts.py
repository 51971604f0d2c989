"""The account with which a customer signs in: by a code on their phone."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.enums import UserKind
from accounts.models import User
from core.actors import SYSTEM, Actor
from core.db import lock_name, lock_rows
from core.errors import Conflict, NotVisible
from core.events import announce
from customers.enums import IdentityKind
from customers.events import IdentityProven
from customers.models import Customer, Identity
from customers.services.contacts import create_customer, holders_of


@transaction.atomic
def account_of_phone(*, phone: str, at: datetime) -> User | None:
    """The account behind a cleaned number, to which a code may be sent; None for a number that nobody asked
    for service with. Who proved the number has it. Else the only customer known by it gets an account,
    unless they signed in or proved something by other means: then, and when there are several, the number
    gets a customer of its own and a person decides who it is. Two simultaneous calls make one account."""
    lock_name(f"customer:{IdentityKind.PHONE}:{phone}")
    holders = holders_of(IdentityKind.PHONE, phone)
    if not holders:
        return None
    proven = Identity.objects.filter(
        customer__in=holders, kind=IdentityKind.PHONE, value=phone, verified_at__isnull=False
    ).values_list("customer_id", flat=True)
    owner = next((holder for holder in holders if holder.pk in set(proven)), None)
    if owner is None:
        with_proof = set(
            Identity.objects.filter(customer__in=holders, verified_at__isnull=False).values_list(
                "customer_id", flat=True
            )
        )
        free = [holder for holder in holders if holder.pk not in with_proof]
        waiting = [holder for holder in free if holder.user_id is not None]
        if waiting:
            owner = waiting[0]
        elif len(holders) == 1 and free:
            owner = free[0]
        else:
            owner = create_customer(phone=phone, others=holders, actor=SYSTEM, at=at)
    return _account(owner)


def _account(customer: Customer) -> User:
    locked = lock_rows(Customer.objects.filter(pk=customer.pk)).get()
    if locked.user is not None:
        return locked.user
    # no personal data on the account: the customer's row has it
    user = User(username=f"customer-{locked.pk}", kind=UserKind.CUSTOMER, language=locked.language)
    user.set_unusable_password()
    user.save()
    locked.user = user
    locked.save(update_fields=["user"])
    return user


def phone_of_account(*, user: User) -> tuple[str, bool] | None:
    """The number of an account and whether it was proven; None without one."""
    found = (
        Identity.objects.filter(customer__user=user, kind=IdentityKind.PHONE)
        .order_by("-verified_at", "-pk")
        .values_list("value", "verified_at")
    )
    rows = sorted(found, key=lambda row: row[1] is None)
    return (rows[0][0], rows[0][1] is not None) if rows else None


@transaction.atomic
def prove_phone(*, user: User, phone: str, at: datetime) -> Identity:
    """The person behind this account received a code on this number: it is theirs, and the one we call.
    Doing it again keeps the first time. Raises NotVisible for an account without customer, Conflict
    (`phone_taken`) when somebody else proved it."""
    lock_name(f"customer:{IdentityKind.PHONE}:{phone}")
    customer = lock_rows(Customer.objects.filter(user=user)).first()
    if customer is None:
        raise NotVisible()
    taken = Identity.objects.filter(kind=IdentityKind.PHONE, scope="", value=phone, verified_at__isnull=False)
    if taken.exclude(customer=customer).exists():
        raise Conflict(_("This number belongs to another account."), code="phone_taken")
    identity, _new = Identity.objects.get_or_create(
        customer=customer, kind=IdentityKind.PHONE, scope="", value=phone
    )
    if customer.phone != phone:
        customer.phone = phone
        customer.save(update_fields=["phone"])
    if identity.verified_at is None:
        identity.verified_at = at
        identity.save(update_fields=["verified_at"])
        announce(
            IdentityProven(
                subject_id=customer.pk, identity_id=identity.pk, identity_kind=IdentityKind.PHONE.value
            ),
            actor=Actor("customer", customer.pk),
            at=at,
        )
    return identity
