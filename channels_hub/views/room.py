"""What the room of a chat shows, read for one page or one poll."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from channels_hub.enums import Author, Direction
from channels_hub.models import Message, Thread
from channels_hub.ports import place_in_queue, seen_by_staff, work_of_thread
from channels_hub.services.chat import page_pass, visitor
from channels_hub.services.messages import open_conversation
from core.models import File

SHANGHAI = ZoneInfo("Asia/Shanghai")
PAGE = 100


@dataclass
class Said:
    """One message as the visitor sees it."""

    message: Message
    name: str
    mine: bool
    read: bool
    day: date | None = None
    joined: bool = False
    files: list[tuple[File, str]] = field(default_factory=list)


def person_name(user: User) -> str:
    """A colleague's name in the reader's language."""
    english = (get_language() or "").startswith("en")
    return (user.display_name_en if english else "") or str(user)


def messages_of(thread: Thread, *, after: int = 0, before: int = 0, at: datetime) -> list[Said]:
    """At most PAGE messages: those after a number in their order, else the last ones (before a number)."""
    rows = Message.objects.visible_to(visitor(thread)).filter(thread=thread).select_related("staff")
    if after:
        found = list(rows.filter(seq__gt=after).order_by("seq")[:PAGE])
    else:
        found = list((rows.filter(seq__lt=before) if before else rows).order_by("-seq")[:PAGE])[::-1]
    return _dressed(thread, found, at=at)


def _dressed(thread: Thread, found: Sequence[Message], *, at: datetime) -> list[Said]:
    if not found:
        return []
    earlier = (
        Message.objects.filter(thread=thread, author=Author.AGENT, seq__lt=found[0].seq)
        .order_by("-seq")
        .values_list("staff_id", flat=True)
    )
    agent = earlier.first() if found[0].seq > 1 else None
    previous = (
        Message.objects.filter(thread=thread, seq=found[0].seq - 1).values_list("at", flat=True).first()
    )
    day = previous.astimezone(SHANGHAI).date() if previous else None
    read_seq = read_by_us(thread)
    attached = _files_of(thread, found, at=at)
    items = []
    for message in found:
        mine = message.direction == Direction.IN
        said = Said(
            message=message,
            name=_name(thread, message),
            mine=mine,
            read=mine and message.seq <= read_seq,
            files=attached.get(message.pk, []),
        )
        today = message.at.astimezone(SHANGHAI).date()
        if today != day:
            said.day = day = today
        if message.author == Author.AGENT and message.staff_id != agent:
            said.joined, agent = True, message.staff_id
        items.append(said)
    return items


def _name(thread: Thread, message: Message) -> str:
    if message.direction == Direction.IN:
        return thread.display_name or _("You")
    if message.staff is not None:
        return person_name(message.staff)
    return str(thread.channel.brand.name)


def _files_of(thread: Thread, found: Sequence[Message], *, at: datetime) -> dict[int, list[tuple[File, str]]]:
    ids = [message.pk for message in found if message.files]
    if not ids:
        return {}
    key = page_pass(thread, at=at)
    attached: dict[int, list[tuple[File, str]]] = {}
    for file in File.objects.filter(owner_kind="message", owner_id__in=ids).order_by("created_at", "id"):
        address = f"{reverse('core:file', args=[file.pk])}?token={key}"
        attached.setdefault(file.owner_id, []).append((file, address))
    return attached


def read_by_us(thread: Thread) -> int:
    """Up to which message somebody of ours has certainly read: what the floor above knows, and whatever a
    person answered after."""
    answered = (
        Message.objects.filter(thread=thread, author=Author.AGENT)
        .order_by("-seq")
        .values_list("seq", flat=True)
        .first()
    )
    return max(int(seen_by_staff(thread.pk) or 0), answered or 0)


def state_of(thread: Thread) -> dict[str, Any]:
    """The head and the bar: who is here, what is being waited for, which request it is."""
    conversation = open_conversation(thread)
    agent: User | None = None
    if conversation is not None:
        last = (
            Message.objects.filter(conversation=conversation, author=Author.AGENT)
            .select_related("staff")
            .order_by("-seq")
            .first()
        )
        agent = last.staff if last else None
    waiting = conversation is not None and agent is None
    return {
        "ended": conversation is None,
        "agent": person_name(agent) if agent else "",
        "waiting": waiting,
        "place": place_in_queue(thread.pk) if waiting else None,
        "work": work_of_thread(thread.pk),
    }
