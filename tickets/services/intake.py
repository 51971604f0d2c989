"""From what somebody asks for to a ticket."""

import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Region
from channels_hub.enums import ChannelKind, Direction
from channels_hub.models import Channel, Conversation, Message, Thread
from channels_hub.services.messages import check_files, receive
from channels_hub.services.threads import give_to_customer, open_thread
from core.actors import SYSTEM, Actor
from core.db import lock_rows, next_id
from core.errors import Conflict, InvalidInput, NotVisible
from core.events import announce
from core.services import once
from core.services.files import removed_on_failure
from customers.models import Brand, Customer, Device, Product
from customers.rules import plain, serial_key
from customers.services.contacts import clean_email, clean_phone, find_or_create_customer
from customers.services.devices import check_purchase_date, check_serial, find_device
from tickets import rules
from tickets.enums import ACTIVE
from tickets.events import CustomerNamed, TicketOpened
from tickets.models import Ticket
from tickets.services import clocks, links, timeline
from tickets.services.state import lock_ticket

Upload = UploadedFile  # type: ignore[type-arg]
SHANGHAI = ZoneInfo("Asia/Shanghai")
SYMPTOM_LIMIT = 5_000
SUBJECT_LIMIT = 200


@removed_on_failure
@transaction.atomic
def request_service(
    *,
    phone: str = "",
    name: str = "",
    salutation: str = "",
    email: str = "",
    subject: str = "",
    symptom: str = "",
    product: Product | str | None = None,
    serial: str = "",
    serial_unverified: bool = False,
    error_code: str = "",
    purchased_on: date | None = None,
    region: Region | str | None = None,
    files: Sequence[Upload] = (),
    language: str = "",
    brand: Brand | None = None,
    channel: Channel | None = None,
    customer: Customer | None = None,
    custom: dict[str, Any] | None = None,
    token: str = "",
    actor: Actor,
    at: datetime,
) -> tuple[Ticket, str]:
    """A request for service becomes a ticket with the customer's words and files; returns it and the token of
    its tracking link. `customer` is who is signed in (then phone and email may be empty); `product` a model
    or its code, `region` a city or its code; `custom` what else is known (guide steps done, articles read).
    With `serial_unverified` an unknown serial number is kept as typed. The same `token` with the same content
    gives the same ticket with another good link.

    Raises InvalidInput with every complaint at once (phone, email, symptom, product, serial, purchased_on,
    region, files), Conflict when the token was used for other content. Nothing is kept when it fails."""
    wishes = _Checked(
        customer=customer,
        phone=phone,
        email=email,
        subject=subject,
        symptom=symptom,
        product=product,
        serial=serial,
        serial_unverified=serial_unverified,
        purchased_on=purchased_on,
        region=region,
        files=files,
        actor=actor,
        at=at,
    )
    scope = f"request:{actor.kind}:{actor.id or 0}"
    if token:
        done = once.claim(
            scope=scope,
            key=token[:120],
            content=_content(wishes, name, error_code, purchased_on, files),
            at=at,
        )
        if done is not None:
            ticket = Ticket.objects.get(pk=done)
            return ticket, links.issue_link(ticket=ticket, at=at)
    brand = brand or (wishes.product.brand if wishes.product else None) or _default_brand()
    channel = channel or _form_of(brand)
    who = customer or find_or_create_customer(
        phone=wishes.phone,
        email=wishes.email,
        name=name,
        salutation=salutation,
        region=wishes.region,
        language=language,
        actor=actor,
        at=at,
    )
    thread = open_thread(
        channel=channel,
        external_id=f"request:{uuid.uuid4().hex}",
        customer=who,
        display_name=plain(salutation or name)[:60],
        language=language or who.language,
        reply_email=wishes.email or (who.email if customer else ""),
        at=at,
    )
    message = receive(
        thread=thread, body=wishes.symptom or wishes.subject, files=files, client_id="", actor=actor, at=at
    )
    ticket = open_ticket(
        customer=who,
        thread=thread,
        channel=channel,
        brand=brand,
        subject=wishes.subject,
        symptom=wishes.symptom,
        product=wishes.product,
        device=wishes.device,
        serial=wishes.serial,
        error_code=error_code,
        purchased_on=purchased_on or (wishes.device.purchased_on if wishes.device else None),
        region=wishes.region,
        custom={**(custom or {}), **({"serial_unverified": True} if wishes.serial_is_unknown else {})},
        message=message,
        actor=actor,
        at=at,
    )
    link = links.issue_link(ticket=ticket, at=at)
    if token:
        once.keep(scope=scope, key=token[:120], result_id=ticket.pk)
    return ticket, link


class _Checked:
    """The values of a request, cleaned; all complaints are collected and raised together."""

    def __init__(
        self,
        *,
        customer: Customer | None,
        phone: str,
        email: str,
        subject: str,
        symptom: str,
        product: Product | str | None,
        serial: str,
        serial_unverified: bool,
        purchased_on: date | None,
        region: Region | str | None,
        files: Sequence[Upload],
        actor: Actor,
        at: datetime,
    ) -> None:
        if customer is not None and actor.kind == "customer" and actor.id != customer.pk:
            raise NotVisible()
        self.complaints: dict[str, list[object]] = {}
        self.code = ""
        self.phone = self._try(lambda: clean_phone(phone)) or "" if phone.strip() else ""
        self.email = self._try(lambda: clean_email(email)) or "" if email.strip() else ""
        if customer is None and not phone.strip() and not email.strip():
            self._complain(
                "phone", _("Please enter your phone number, so that we can reach you."), "required"
            )
        self.symptom = symptom.strip()
        self.subject = " ".join(subject.split())[:SUBJECT_LIMIT] or subject_of(self.symptom)
        if not self.subject:
            self._complain("symptom", _("Please tell us what is wrong."), "required")
        if len(self.symptom) > SYMPTOM_LIMIT:
            self._complain(
                "symptom",
                _("Please keep to %(limit)d characters; this has %(count)d.")
                % {"limit": SYMPTOM_LIMIT, "count": len(self.symptom)},
                "too_long",
            )
        self.product = self._product(product)
        self.serial, self.serial_is_unknown = serial_key(serial)[:40], False
        self.device: Device | None = None
        self._serial(serial_unverified)
        self._try(lambda: check_purchase_date(purchased_on, at=at))
        self.region = self._region(region) or (customer.region if customer else None)
        if len(files) > rules.REQUEST_FILES:
            self._complain(
                "files",
                ngettext(
                    "Please attach at most %(limit)d file.",
                    "Please attach at most %(limit)d files.",
                    rules.REQUEST_FILES,
                )
                % {"limit": rules.REQUEST_FILES},
                "too_many_files",
            )
        else:
            self._try(lambda: check_files(files))
        if self.complaints:
            raise InvalidInput(fields=self.complaints, code=self.code)

    def _complain(self, field: str, message: object, code: str) -> None:
        self.complaints.setdefault(field, []).append(message)
        self.code = self.code or code

    def _try(self, check: Callable[[], Any]) -> Any:
        try:
            return check()
        except InvalidInput as error:
            for field, messages in error.fields.items():
                for message in messages:
                    self._complain(field, message, error.code)
            return None

    def _product(self, wanted: Product | str | None) -> Product | None:
        if isinstance(wanted, Product) or not wanted:
            return wanted or None
        found = _known_product(wanted)
        if found is None or not found.active:
            self._complain(
                "product", _("We don't know this model. Choose one from the list."), "unknown_product"
            )
        return found

    def _region(self, wanted: Region | str | None) -> Region | None:
        if isinstance(wanted, Region) or not wanted:
            return wanted or None
        found = Region.objects.filter(code=plain(wanted).lower()).first()
        if found is None:
            self._complain(
                "region", _("We don't know this city. Choose one from the list."), "unknown_region"
            )
        return found

    def _serial(self, keep_unknown: bool) -> None:
        if not self.serial:
            return
        try:
            self.device = check_serial(self.serial, self.product)
        except InvalidInput as error:
            if keep_unknown and error.code == "unknown_serial":
                self.serial_is_unknown = True
                return
            self._complain("serial", error.fields["serial"][0], error.code)
            return
        if self.device is not None and self.product is None:
            self.product = self.device.product


def _content(
    wishes: _Checked, name: str, error_code: str, purchased_on: date | None, files: Sequence[Upload]
) -> bytes:
    """What makes two requests the same request."""
    digests = []
    for upload in files:
        upload.seek(0)
        digests.append(hashlib.sha256(upload.read()).hexdigest())
        upload.seek(0)
    content = [
        wishes.phone,
        wishes.email,
        plain(name),
        wishes.subject,
        wishes.symptom,
        wishes.product.pk if wishes.product else None,
        wishes.serial,
        plain(error_code).upper(),
        purchased_on.isoformat() if purchased_on else None,
        wishes.region.pk if wishes.region else None,
        digests,
    ]
    return json.dumps(content, ensure_ascii=False).encode()


def subject_of(text: str) -> str:
    """The first words of a text as a subject: its first line, at most 60 characters."""
    line = next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 60 else f"{line[:59]}…"


def _default_brand() -> Brand:
    brand = Brand.objects.order_by("-is_default", "pk").first()
    if brand is None:
        raise Conflict(_("This installation serves no brand yet."), code="not_set_up")
    return brand


def _form_of(brand: Brand) -> Channel:
    channels = Channel.objects.filter(kind=ChannelKind.WEB_FORM, enabled=True).order_by("pk")
    channel = channels.filter(brand=brand).first() or channels.first()
    if channel is None:
        raise Conflict(_("Requests are not taken here at the moment."), code="not_set_up")
    return channel


@transaction.atomic(savepoint=False)
def open_ticket(
    *,
    customer: Customer,
    thread: Thread,
    channel: Channel,
    brand: Brand,
    subject: str,
    symptom: str = "",
    product: Product | None = None,
    device: Device | None = None,
    serial: str = "",
    error_code: str = "",
    purchased_on: date | None = None,
    region: Region | None = None,
    custom: dict[str, Any] | None = None,
    linked_to: Ticket | None = None,
    split_from: Ticket | None = None,
    said_at: datetime | None = None,
    message: Message | None = None,
    earlier: Sequence[Message] = (),
    actor: Actor,
    at: datetime,
) -> Ticket:
    """A new ticket, unclassified and unassigned: what hears of TicketOpened sees to that. `message` is what
    the customer said, `earlier` what was said before it in the same contact; both stand on the timeline (`said_at` is
    when they said what another ticket's timeline still holds). Four statements."""
    number = next_id(Ticket)
    said = [m for m in (*earlier, message) if m is not None and m.direction == Direction.IN]
    ticket = Ticket(
        pk=number,
        reference=f"T-{timezone.localtime(at, SHANGHAI).year}-{number:06d}",
        brand=brand,
        customer=customer,
        level=customer.level,
        channel=channel,
        thread=thread,
        region_id=region.pk if region else customer.region_id,
        subject=subject[:SUBJECT_LIMIT],
        symptom=symptom,
        product=product or (device.product if device else None),
        device=device,
        serial=serial or (device.serial if device else ""),
        error_code=plain(error_code).upper()[:12],
        purchased_on=purchased_on,
        custom=custom or {},
        linked_to=linked_to,
        split_from=split_from,
        last_customer_at=said[-1].at if said else said_at,
        last_public_at=at,
        created_at=at,
        updated_at=at,
    )
    ticket.save(force_insert=True)
    event = announce(
        TicketOpened(subject_id=ticket.pk, channel_kind=channel.kind, customer_id=customer.pk),
        actor=actor,
        at=at,
    )
    timeline.record_all(ticket, [*earlier, event, *([message] if message else [])])
    return ticket


@transaction.atomic
def open_for_thread(*, thread: Thread, conversation: Conversation, actor: Actor, at: datetime) -> Ticket:
    """The ticket of a chat that asks for a person: the active one of the thread, else a new one with
    everything that was said in the conversation and what the page knew (model, serial number, error code). An
    unknown visitor becomes a customer without a phone number."""
    thread = lock_rows(Thread.objects.filter(pk=thread.pk).select_related("channel__brand", "customer")).get()
    active = Ticket.objects.active().filter(thread=thread).order_by("-pk").first()
    if active is not None:
        return active
    customer = thread.customer
    if customer is None:
        customer = find_or_create_customer(
            name=thread.display_name, language=thread.language, actor=actor, at=at
        )
        give_to_customer(thread=thread, customer=customer, at=at)
    spoken = list(Message.objects.filter(conversation=conversation, entries=None).order_by("seq"))
    words = [m.body for m in spoken if m.direction == Direction.IN and m.body]
    known = conversation.context
    product = _known_product(known.get("product") or known.get("model"))
    with translation.override(thread.language or settings.LANGUAGE_CODE):
        unnamed = gettext("A conversation in the web chat")
    return open_ticket(
        customer=customer,
        thread=thread,
        channel=thread.channel,
        brand=thread.channel.brand,
        subject=subject_of(str(known.get("symptom") or (words[0] if words else ""))) or unnamed,
        symptom="\n".join(words)[:SYMPTOM_LIMIT],
        product=product,
        device=_known_device(known.get("serial"), product),
        serial=serial_key(str(known.get("serial") or ""))[:40],
        error_code=str(known.get("error_code") or ""),
        custom={"context": known} if known else {},
        earlier=spoken,
        actor=actor,
        at=at,
    )


def name_customer(*, thread_id: int, before_id: int, customer: Customer, actor: Actor, at: datetime) -> int:
    """A nameless visitor turned out to be this customer: their tickets on the thread become this customer's, with the
    promises of the customer's level. Returns how many changed."""
    rows = Ticket.objects.filter(thread_id=thread_id, customer_id=before_id).exclude(customer=customer)
    return sum(
        _name_customer(ticket, before_id, customer, actor=actor, at=at) for ticket in rows.order_by("pk")
    )


@transaction.atomic
def _name_customer(ticket: Ticket, before_id: int, customer: Customer, *, actor: Actor, at: datetime) -> bool:
    lock_ticket(ticket, viewer=SYSTEM)
    if ticket.customer_id != before_id:
        return False
    level_changed = ticket.level != customer.level
    ticket.customer, ticket.level, ticket.updated_at = customer, customer.level, at
    ticket.region_id = ticket.region_id or customer.region_id
    ticket.save(update_fields=["customer", "level", "region", "updated_at"])
    event = announce(
        CustomerNamed(subject_id=ticket.pk, customer_id=customer.pk, before_customer_id=before_id),
        actor=actor,
        at=at,
    )
    timeline.record(ticket, event=event, public=False)
    if level_changed and ticket.grade and ticket.status in ACTIVE:
        clocks.retarget(ticket=ticket, actor=actor, at=at)
    return True


def _known_product(text: object) -> Product | None:
    if not text:
        return None
    name = plain(str(text))
    products = Product.objects.select_related("line", "brand")
    return products.filter(code=name.lower()).first() or products.filter(model__iexact=name).first()


def _known_device(serial: object, product: Product | None) -> Device | None:
    device = find_device(str(serial)) if serial else None
    return device if device and (product is None or device.product_id == product.pk) else None
