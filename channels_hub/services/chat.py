"""The customer's web chat: begun without login, resumed by a token, handed to a person."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from channels_hub.enums import ChannelKind
from channels_hub.events import ContactLeft, HandoverRequested
from channels_hub.models import Channel, Conversation, Message, Thread
from channels_hub.ports import mail_link_of_thread
from channels_hub.services import conversations
from channels_hub.services.messages import Uploads, receive
from channels_hub.services.threads import open_thread
from core.actors import Actor
from core.db import lock_rows
from core.errors import Conflict, NotVisible
from core.events import announce
from core.services.files import removed_on_failure
from customers.models import Customer
from customers.services.contacts import find_or_create_customer

CHAT_KINDS = (ChannelKind.WEB_CHAT, ChannelKind.APP)
#: what a page may tell about itself; everything else is dropped
CONTEXT_KEYS = (
    "page", "product", "model", "serial", "error_code", "article", "q", "step", "device", "firmware", "scene", "order",
)  # fmt: skip
CONTEXT_LENGTH = 200
KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
PAGE_SALT = "channels_hub.chat.pass"
PASS_LIFE = timedelta(days=1)


def visitor(thread: Thread) -> Actor:
    """The visitor of a thread, as actor and viewer."""
    return Actor("visitor", thread.pk, thread.display_name)


@removed_on_failure
@transaction.atomic
def start_chat(
    *,
    channel: Channel,
    display_name: str = "",
    context: Mapping[str, object] | None = None,
    language: str = "",
    about: str = "",
    files: Uploads = (),
    key: str = "",
    customer: Customer | None = None,
    at: datetime,
) -> tuple[Thread, str]:
    """Begin a chat; returns its thread and the token by which its visitor comes back. `about`, if given, is
    the first message, and asks for a person. `key` is the form's own secret (16 to 64 letters and digits):
    the same key again is the same chat with the same token, and nothing is said twice. Raises NotVisible when
    the channel takes no chats, InvalidInput (fields body, files)."""
    if channel.kind not in CHAT_KINDS or not channel.enabled:
        raise NotVisible(_("There is no chat here at the moment."))
    key = key if KEY.fullmatch(key) else secrets.token_urlsafe(32)
    # not drawn but derived, so that a form sent twice sets the same cookie twice
    token = salted_hmac("channels_hub.chat.token", f"{channel.pk}:{key}", algorithm="sha256").hexdigest()
    thread = open_thread(
        channel=channel,
        external_id=f"chat:{_digest(key)}",
        customer=customer,
        display_name=" ".join(display_name.split()),
        language=language,
        at=at,
    )
    if not thread.secret_hash:
        thread.secret_hash = _digest(token)
        thread.save(update_fields=["secret_hash"])
    known = clean_context(context or {})
    if about.strip() or files:
        say(
            thread=thread,
            body=about,
            files=files,
            client_id=f"start:{_digest(key + about)[:40]}",
            context=known,
            actor=visitor(thread),
            at=at,
        )
    else:
        conversations.current(thread, context=known, actor=visitor(thread), at=at)
    return thread, token


def thread_of_token(token: str) -> Thread | None:
    """The thread whose visitor holds this token."""
    if not token:
        return None
    return Thread.objects.select_related("channel__brand").filter(secret_hash=_digest(token)).first()


def page_pass(thread: Thread, *, at: datetime) -> str:
    """What the room's own page shows to the socket and for pictures instead of the token, which scripts never
    see: good for reading this thread, today and tomorrow. The same all day, so that pictures stay in the
    cache."""
    return signing.Signer(salt=PAGE_SALT).sign_object(
        {"thread": thread.pk, "secret": thread.secret_hash[:16], "day": _day(at)}, compress=False
    )


def visitor_of(token: str, *, at: datetime) -> Actor | None:
    """The visitor who holds this token or page pass; None when it is neither (any more)."""
    thread = thread_of_token(token) or _thread_of_pass(token, at=at)
    return None if thread is None else visitor(thread)


def _thread_of_pass(text: str, *, at: datetime) -> Thread | None:
    try:
        held = signing.Signer(salt=PAGE_SALT).unsign_object(text)
    except signing.BadSignature:
        return None
    if _day(at) - held["day"] not in range(PASS_LIFE.days + 1):
        return None
    thread = Thread.objects.filter(pk=held["thread"]).exclude(secret_hash="").first()
    if thread is None or not constant_time_compare(thread.secret_hash[:16], held["secret"]):
        return None
    return thread


def _day(at: datetime) -> int:
    return int(at.timestamp()) // 86_400


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def clean_context(context: Mapping[str, object]) -> dict[str, str]:
    """What of a page's context is kept: known keys, one line each, cut to length."""
    kept = {
        key: " ".join(str(context[key]).split())[:CONTEXT_LENGTH] for key in CONTEXT_KEYS if key in context
    }
    return {key: value for key, value in kept.items() if value}


@removed_on_failure
@transaction.atomic
def say(
    *,
    thread: Thread,
    body: str,
    files: Uploads = (),
    client_id: str = "",
    context: Mapping[str, object] | None = None,
    actor: Actor,
    at: datetime,
) -> Message:
    """What the visitor says. The first words of a conversation ask for a person (there is no bot yet), and
    words after the end of one begin another. Raises what `receive` raises."""
    message = receive(
        thread=thread,
        body=body,
        files=files,
        client_id=client_id,
        context=clean_context(context or {}),
        actor=actor,
        at=at,
    )
    # receive holds the thread's lock, and with it every conversation's
    if message.conversation.handover_at is None:
        _ask_for_person(message.conversation, reason="asked", actor=actor, at=at)
    return message


def _ask_for_person(conversation: Conversation, *, reason: str, actor: Actor, at: datetime) -> None:
    conversation.handover_at = at
    conversation.save(update_fields=["handover_at"])
    announce(
        HandoverRequested(subject_id=conversation.thread_id, conversation_id=conversation.pk, reason=reason),
        actor=actor,
        at=at,
    )


@transaction.atomic
def end_chat(*, thread: Thread, actor: Actor, at: datetime) -> Conversation | None:
    """The visitor is done. Raises NotVisible for somebody else's thread."""
    if actor.kind == "visitor" and actor.id != thread.pk:
        raise NotVisible()
    return conversations.end_conversation(thread=thread, actor=actor, at=at)


@transaction.atomic
def tracking_link(*, thread: Thread, actor: Actor, at: datetime) -> str:
    """The address of the private page on which the visitor follows the request behind this chat. Raises NotVisible
    while there is none, and for somebody else's thread."""
    if actor.kind == "visitor" and actor.id != thread.pk:
        raise NotVisible()
    work = mail_link_of_thread(thread.pk, at)
    if work is None or not work.url:
        raise NotVisible(_("There is no request behind this chat yet."))
    return str(work.url)


@transaction.atomic
def leave_contact(*, thread: Thread, phone: str, actor: Actor, at: datetime) -> Customer:
    """The visitor says at which number we reach them once they are gone. The thread then belongs to the
    customer of that number. The same number again changes nothing. Raises InvalidInput (field phone),
    NotVisible for somebody else's thread, Conflict when another number was left before."""
    if actor.kind == "visitor" and actor.id != thread.pk:
        raise NotVisible()
    locked = lock_rows(Thread.objects.filter(pk=thread.pk)).get()
    customer = find_or_create_customer(
        phone=phone, name=locked.display_name, language=locked.language, actor=actor, at=at
    )
    previous = locked.customer
    if previous is not None and previous.pk == customer.pk:
        return customer
    if previous is not None and previous.phone:
        raise Conflict(
            _("A number was left for this chat before. Tell us here if it is wrong."), code="other_contact"
        )
    locked.customer = customer
    locked.save(update_fields=["customer"])
    thread.customer = customer
    announce(
        ContactLeft(
            subject_id=locked.pk,
            customer_id=customer.pk,
            previous_id=None if previous is None else previous.pk,
        ),
        actor=actor,
        at=at,
    )
    return customer
