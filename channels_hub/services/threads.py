"""Threads: one per identity on a channel."""

import secrets
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from channels_hub.models import Channel, Thread
from core.db import lock_rows
from core.errors import Conflict, InvalidInput
from customers.models import Customer


@transaction.atomic
def open_thread(
    *,
    channel: Channel,
    external_id: str = "",
    customer: Customer | None = None,
    display_name: str = "",
    language: str = "",
    reply_email: str = "",
    at: datetime,
) -> Thread:
    """The thread of this identity on this channel, made when it is new. An empty `external_id` always makes a
    new one. On a known thread, what was unknown is filled in and a given `reply_email` or language replaces
    the old one. Raises InvalidInput (reply_email) and Conflict when the thread belongs to another
    customer."""
    if reply_email:
        try:
            validate_email(reply_email)
        except ValidationError as error:
            raise InvalidInput(
                fields={"reply_email": [_("Please enter an email address such as name@example.com.")]}
            ) from error
    identity = external_id or f"new:{secrets.token_hex(16)}"
    Thread.objects.bulk_create(
        [
            Thread(
                channel=channel,
                external_id=identity,
                customer=customer,
                display_name=display_name[:60],
                language=language[:10],
                reply_email=reply_email,
                created_at=at,
            )
        ],
        ignore_conflicts=True,
    )
    thread = lock_rows(Thread.objects.select_related("channel").filter(channel=channel)).get(
        external_id=identity
    )
    changed = _fill_in(thread, customer, display_name[:60], language[:10], reply_email)
    if changed:
        thread.save(update_fields=changed)
    return thread


def _fill_in(
    thread: Thread, customer: Customer | None, display_name: str, language: str, reply_email: str
) -> list[str]:
    """Put what is new onto a known thread; returns the fields that changed."""
    changed = []
    if customer is not None and thread.customer_id != customer.pk:
        owner = thread.customer
        if owner is not None and owner.merged_into_id != customer.pk:
            raise Conflict(_("This conversation belongs to another customer."), code="other_customer")
        thread.customer = customer
        changed.append("customer")
    if display_name and not thread.display_name:
        thread.display_name = display_name
        changed.append("display_name")
    for field, value in (("language", language), ("reply_email", reply_email)):
        if value and getattr(thread, field) != value:
            setattr(thread, field, value)
            changed.append(field)
    return changed


@transaction.atomic
def give_to_customer(*, thread: Thread, customer: Customer, at: datetime) -> Thread:
    """Say whose thread it is, once that is known (a visitor left a phone number). Raises Conflict when it
    belongs to somebody else."""
    locked = lock_rows(Thread.objects.select_related("channel")).get(pk=thread.pk)
    if _fill_in(locked, customer, "", "", ""):
        locked.save(update_fields=["customer"])
    return locked
