"""Messages in and out: numbered under the thread's lock, each client's message once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Agent, User
from channels_hub import rules
from channels_hub.enums import Author, ChannelKind, Direction, SendState
from channels_hub.events import MessageReceived, MessageSent
from channels_hub.models import Conversation, Message, Thread
from channels_hub.ports import mail_link_of_thread
from channels_hub.services import conversations
from channels_hub.services.sending import move_states, queue_mail
from core.actors import Actor
from core.db import lock_rows
from core.errors import Conflict, DomainError, InvalidInput, NotVisible
from core.events import announce
from core.models.base import in_language
from core.services.files import check_upload, removed_on_failure, store_file

Uploads = Sequence["UploadedFile[Any]"]


@removed_on_failure
@transaction.atomic
def receive(
    *,
    thread: Thread,
    body: str,
    files: Uploads = (),
    client_id: str = "",
    external_id: str = "",
    context: dict[str, Any] | None = None,
    actor: Actor,
    at: datetime,
) -> Message:
    """Store what a customer said. The same `client_id` on the thread returns the first message. `context`
    goes onto the conversation if this message opens one. Raises InvalidInput (fields body, files), NotVisible
    for a visitor of another thread, Conflict when the key was used for a message of ours."""
    if actor.kind == "visitor" and actor.id != thread.pk:
        raise NotVisible()
    message, is_new, _opened = _store(
        thread=thread,
        body=body,
        files=files,
        client_id=client_id,
        external_id=external_id,
        context=context,
        direction=Direction.IN,
        author=Author.CUSTOMER,
        staff=None,
        actor=actor,
        at=at,
    )
    if is_new:
        announce(
            MessageReceived(
                subject_id=thread.pk,
                message_id=message.pk,
                seq=message.seq,
                conversation_id=message.conversation_id,
            ),
            actor=actor,
            at=at,
        )
    return message


@removed_on_failure
@transaction.atomic
def send(
    *,
    thread: Thread,
    body: str,
    author: str = Author.AGENT,
    staff: User | None = None,
    files: Uploads = (),
    client_id: str = "",
    actor: Actor,
    at: datetime,
) -> Message:
    """Say something to a customer. On the page they read it at once; with an address for replies (or on an
    email channel) a mail is queued in the same transaction and the message waits to be sent. The same
    `client_id` returns the first message. Raises InvalidInput (fields body, files) and Conflict (key used by
    the customer)."""
    if author == Author.AGENT and staff is None:
        raise InvalidInput(_("A message of an agent needs its author."), code="no_author")
    message, is_new, _opened = _store(
        thread=thread,
        body=body,
        files=files,
        client_id=client_id,
        direction=Direction.OUT,
        author=Author(author),
        staff=staff,
        actor=actor,
        at=at,
    )
    if is_new:
        announce(
            MessageSent(
                subject_id=thread.pk, message_id=message.pk, seq=message.seq, author=str(message.author)
            ),
            actor=actor,
            at=at,
        )
        if message.state == SendState.QUEUED:
            _queue_copy(message, at=at)
    return message


@transaction.atomic
def mark_read(
    *, thread: Thread, read_seq: int = 0, delivered_seq: int = 0, actor: Actor, at: datetime
) -> int:
    """The customer's page has shown our messages up to `read_seq`, and fetched them up to `delivered_seq`;
    returns how many messages changed state. Numbers beyond the last message count as the last; going back
    changes nothing."""
    locked = lock_rows(Thread.objects.filter(pk=thread.pk)).get()
    read_seq, delivered_seq = min(read_seq, locked.last_seq), min(delivered_seq, locked.last_seq)
    moved = 0
    for state, seq in ((SendState.READ, read_seq), (SendState.DELIVERED, delivered_seq)):
        rows = Message.objects.filter(
            thread=locked, direction=Direction.OUT, seq__lte=seq, state__in=rules.states_before(state)
        )
        moved += len(move_states(rows.values_list("pk", flat=True), state, actor=actor, at=at))
    if read_seq > locked.read_by_customer_seq:
        Thread.objects.filter(pk=locked.pk).update(read_by_customer_seq=read_seq)
    return moved


def _store(
    *,
    thread: Thread,
    body: str,
    files: Uploads,
    client_id: str,
    direction: Direction,
    author: Author,
    staff: User | None,
    actor: Actor,
    at: datetime,
    external_id: str = "",
    context: dict[str, Any] | None = None,
) -> tuple[Message, bool, bool]:
    """The message, whether it is new, and whether it opened a conversation."""
    text = clean_body(body, thread.channel.kind, has_files=bool(files))
    locked = lock_rows(Thread.objects.select_related("channel").filter(pk=thread.pk)).get()
    if client_id:
        first = Message.objects.filter(thread=locked, client_id=client_id[:64]).first()
        if first is not None:
            if first.direction != direction:
                raise Conflict(_("This key was already used for another message."), code="key_reused")
            return first, False, False
    check_files(files)
    conversation, opened = conversations.current(locked, context=context, actor=actor, at=at)
    message = Message.objects.create(
        thread=locked,
        conversation=conversation,
        seq=locked.last_seq + 1,
        direction=direction,
        author=author,
        staff=staff,
        body=text,
        at=at,
        client_id=client_id[:64],
        external_id=external_id[:120],
        state=_first_state(locked, direction),
        files=len(files),
    )
    Thread.objects.filter(pk=locked.pk).update(last_seq=message.seq, last_message_at=at)
    thread.last_seq, thread.last_message_at = message.seq, at
    for upload in files:
        store_file(upload, owner_kind="message", owner_id=message.pk, actor=actor, at=at)
    return message, True, opened


def _first_state(thread: Thread, direction: Direction) -> SendState:
    if direction == Direction.IN:
        return SendState.RECEIVED
    return SendState.QUEUED if mail_address(thread) else SendState.SENT


def mail_address(thread: Thread) -> str:
    """Where messages of this thread go by mail; empty when the customer reads them on a page only."""
    if thread.reply_email:
        return thread.reply_email
    return thread.external_id if thread.channel.kind == ChannelKind.EMAIL else ""


def clean_body(body: str, kind: str, *, has_files: bool) -> str:
    """The text to keep: one kind of line end, no control characters, no blank edges. Raises InvalidInput."""
    text = body.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(c for c in text if c in "\n\t" or (c >= " " and c != "\x7f")).strip()
    if not text and not has_files:
        raise InvalidInput(fields={"body": [_("Please write a message.")]})
    limit = rules.body_limit(kind)
    if len(text) > limit:
        raise InvalidInput(
            fields={
                "body": [
                    _("Please keep to %(limit)d characters; this has %(count)d.")
                    % {"limit": limit, "count": len(text)}
                ]
            }
        )
    return text


def check_files(files: Uploads) -> None:
    """Check all uploads before any is kept. Raises InvalidInput with every complaint beside the field
    `files`."""
    if len(files) > rules.FILES_LIMIT:
        raise InvalidInput(
            fields={
                "files": [
                    ngettext(
                        "Please attach at most %(limit)d file.",
                        "Please attach at most %(limit)d files.",
                        rules.FILES_LIMIT,
                    )
                    % {"limit": rules.FILES_LIMIT}
                ]
            },
            code="too_many_files",
        )
    complaints: list[object] = []
    code = "invalid"
    for upload in files:
        try:
            check_upload(upload)
        except DomainError as error:
            complaints.append(error.message)
            code = error.code
    if complaints:
        raise InvalidInput(fields={"files": complaints}, code=code)


def _queue_copy(message: Message, *, at: datetime) -> None:
    """The mail that carries a message: its words, and the way to the page where the customer can answer."""
    thread: Thread = message.thread
    work = mail_link_of_thread(thread.pk, at)
    with translation.override(thread.language or settings.LANGUAGE_CODE):
        if work is not None:
            subject = f"[{work.reference}] {work.subject}"
        else:
            subject = gettext("A message from %(brand)s") % {"brand": thread.channel.brand.name}
        parts = [message.body] if message.body else []
        parts += _signature(message)
        if message.files:
            parts.append(
                ngettext(
                    "%(count)d file is attached to this message; you find it on the page.",
                    "%(count)d files are attached to this message; you find them on the page.",
                    message.files,
                )
                % {"count": message.files}
            )
        if work is not None and work.url:
            parts.append(gettext("Read and answer here: %(url)s") % {"url": work.url})
    queue_mail(
        channel=thread.channel,
        recipient=mail_address(thread),
        subject=subject,
        body="\n\n".join(parts),
        dedupe=f"message:{message.pk}",
        message=message,
        at=at,
    )


def _signature(message: Message) -> list[str]:
    """What the agent signs letters with, in the customer's language, if anything. It stands in the mail alone: on a
    page and in a chat the name stands above each message."""
    if message.author != Author.AGENT:
        return []
    agent = Agent.objects.filter(user_id=message.staff_id).only("signature_zh", "signature_en").first()
    text = in_language(agent, "signature").strip() if agent else ""
    return [f"-- \n{text}"] if text else []


def open_conversation(thread: Thread) -> Conversation | None:
    """The conversation that is going on, if any."""
    return Conversation.objects.filter(thread=thread, ended_at=None).first()
