"""Who is writing to us: phone numbers, and the customer behind them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Region
from core.actors import Actor
from core.db import lock_name, lock_rows
from core.errors import InvalidInput
from core.events import announce
from customers import rules
from customers.enums import IdentityKind
from customers.events import CustomerCreated, DuplicateSuspected
from customers.models import Customer, Identity


def clean_phone(text: str) -> str:
    """A phone number as we keep it: mainland numbers as national digits (13812345678, 057187654321), others
    in E.164 (+85291234567). Full-width digits, blanks, hyphens, +86 and 0086 are understood. Raises
    InvalidInput with a message for the field `phone`."""
    if not text or not text.strip():
        raise _wrong_phone(_("Please enter your phone number."), code="required")
    phone = rules.phone_digits(text)
    if phone is None:
        raise _wrong_phone(
            _("This is not a phone number. Enter 11 digits, or area code and number, such as 0571-87654321."),
            code="invalid_phone",
        )
    return phone


def _wrong_phone(message: object, *, code: str) -> InvalidInput:
    return InvalidInput(message, code=code, fields={"phone": [message]})


def clean_email(text: str) -> str:
    """An email address as we keep it: lower case, plain characters. Raises InvalidInput for the field
    `email`."""
    email = rules.plain(text).lower()
    try:
        validate_email(email)
    except ValidationError:
        message = _("This is not an email address. It looks like name@example.com.")
        raise InvalidInput(message, code="invalid_email", fields={"email": [message]}) from None
    return email


@transaction.atomic
def find_or_create_customer(
    *,
    phone: str = "",
    email: str = "",
    name: str = "",
    salutation: str = "",
    region: Region | None = None,
    language: str = "",
    actor: Actor,
    at: datetime,
) -> Customer:
    """The customer who writes from this phone (or, without one, this email); a new one when there is none,
    and also when there are several: then a person decides who it is (`DuplicateSuspected`). Never found by
    name. Nothing that stands on a known customer is overwritten: whoever types a number has not proven that
    it is theirs. Two simultaneous calls make one customer. Raises InvalidInput for `phone` and `email`."""
    phone = clean_phone(phone) if phone.strip() else ""
    email = clean_email(email) if email.strip() else ""
    others: list[Customer] = []
    for kind, value in ((IdentityKind.PHONE, phone), (IdentityKind.EMAIL, email)):
        if not value:
            continue
        lock_name(f"customer:{kind}:{value}")
        others = holders_of(kind, value)
        one = _the_one(others, kind, value)
        if one is not None:
            return _filled(one, name=name, salutation=salutation, region=region, language=language)
        break  # a phone decides alone: the same email with another phone may be somebody else
    return create_customer(
        phone=phone,
        email=email,
        name=name,
        salutation=salutation,
        region=region,
        language=language,
        others=others,
        actor=actor,
        at=at,
    )


def create_customer(
    *,
    phone: str = "",
    email: str = "",
    name: str = "",
    salutation: str = "",
    region: Region | None = None,
    language: str = "",
    others: Sequence[Customer] = (),
    actor: Actor,
    at: datetime,
) -> Customer:
    """Make a customer with cleaned contact data, known by them but not proven. `others` have the same phone:
    a person decides whether they are one. For services that have made sure (under the number's lock) that a
    new one is due."""
    customer = Customer.objects.create(
        name=rules.plain(name)[:80],
        salutation=rules.plain(salutation)[:40],
        phone=phone,
        email=email,
        region=region,
        language=language,
        created_at=at,
    )
    Identity.objects.bulk_create(
        Identity(customer=customer, kind=kind, value=value)
        for kind, value in ((IdentityKind.PHONE, phone), (IdentityKind.EMAIL, email))
        if value
    )
    announce(CustomerCreated(subject_id=customer.pk), actor=actor, at=at)
    if others:
        announce(
            DuplicateSuspected(subject_id=customer.pk, others=sorted(o.pk for o in others)),
            actor=actor,
            at=at,
        )
    return customer


def holders_of(kind: str, value: str) -> list[Customer]:
    """The customers known by this phone or email, each once, merged ones as what they were merged into. Two
    indexed reads instead of one OR over a join."""
    found = set(
        Identity.objects.filter(kind=kind, scope="", value=value).values_list("customer_id", flat=True)
    )
    if kind == IdentityKind.PHONE:
        found |= set(Customer.objects.filter(phone=value).values_list("pk", flat=True))
    return _living(found)


def _living(ids: Iterable[int]) -> list[Customer]:
    """The customers behind these ids, following merges to their end."""
    living: dict[int, Customer] = {}
    pending = set(ids)
    while pending:
        rows = list(Customer.objects.filter(pk__in=pending))
        living.update({row.pk: row for row in rows if row.merged_into_id is None})
        pending = {row.merged_into_id for row in rows if row.merged_into_id is not None}
    return [living[pk] for pk in sorted(living)]


def _the_one(holders: list[Customer], kind: str, value: str) -> Customer | None:
    """The only holder, or the only one who proved it."""
    if len(holders) == 1:
        return holders[0]
    proven = (
        Identity.objects.filter(kind=kind, scope="", value=value, verified_at__isnull=False)
        .values_list("customer_id", flat=True)
        .first()
    )
    owners = _living([proven]) if holders and proven is not None else []
    return owners[0] if owners else None


def _filled(
    customer: Customer, *, name: str, salutation: str, region: Region | None, language: str
) -> Customer:
    """Fill what was empty; contact data is never touched."""
    given = {
        "name": rules.plain(name)[:80],
        "salutation": rules.plain(salutation)[:40],
        "region": region,
        "language": language,
    }
    if not any(value and not getattr(customer, field) for field, value in given.items()):
        return customer
    customer = lock_rows(Customer.objects.filter(pk=customer.pk)).get()
    fresh = {field: value for field, value in given.items() if value and not getattr(customer, field)}
    for field, value in fresh.items():
        setattr(customer, field, value)
    customer.save(update_fields=list(fresh))
    return customer
