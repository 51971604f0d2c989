"""Facts that somebody must hear of: who is told, and what the notices say."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Notice
from accounts.notice_words import NoticeText, notice_words
from channels_hub.models import Message
from core import clock
from core.actors import Actor, ActorKind
from core.events import subscribe
from core.models import Event, Timer
from core.services.timers import on_timer
from tickets import words
from tickets.events import (
    ClockWarned,
    CustomerReplied,
    NoteAdded,
    StatusChanged,
    TicketAlerted,
    TicketClassified,
    TicketEscalated,
    TicketResolved,
)
from tickets.models import Note, Ticket, TicketAlert
from tickets.services import alerts, telling, timeline, watchers

# --- who is told --------------------------------------------------------------------------------------------


@subscribe(ClockWarned)
def tell_the_ladder(event: Event) -> None:
    """A step of a clock's ladder is reached."""
    telling.tell_of_clock(
        ticket_id=event.subject_id,
        clock=event.data["clock"],
        cycle=event.data["cycle"],
        percent=event.data["percent"],
        recipient=event.data["recipient"],
        at=clock.now(),
    )


@subscribe(TicketClassified, CustomerReplied)
def listen_for_words(event: Event) -> None:
    """What a customer said on a ticket, at once; what a new ticket says, as soon as it has a queue (and so a lead)."""
    ticket = Ticket(pk=event.subject_id)
    if event.kind == CustomerReplied.kind:
        message = Message.objects.get(pk=event.data["message_id"])
        alerts.look_at_message(ticket=ticket, message=message, at=clock.now())
    elif not event.data["by_person"]:
        alerts.look_at_request(ticket=ticket, at=clock.now())


@subscribe(TicketAlerted)
def tell_who_is_responsible(event: Event) -> None:
    """An alert was raised."""
    telling.tell_of_alert(alert_id=event.data["alert_id"], at=clock.now())


@on_timer(alerts.AGAIN_TIMER)
def tell_again(timer: Timer, at: datetime) -> None:
    """Nobody took note of a danger."""
    telling.tell_of_alert(alert_id=timer.subject_id, again=True, at=at)


@subscribe(NoteAdded)
def call_by_name(event: Event) -> None:
    """A note calls colleagues by "@" and their name."""
    note = Note.objects.get(pk=event.data["note_id"])
    if "@" in note.body or "＠" in note.body:
        watchers.hear_note(
            ticket=Ticket(pk=event.subject_id), note=note, actor=_actor_of(event), at=clock.now()
        )


@subscribe(CustomerReplied, StatusChanged, TicketEscalated, TicketResolved)
def tell_watchers(event: Event) -> None:
    """What those who watch a ticket wait for."""
    telling.tell_watchers(
        ticket_id=event.subject_id,
        event_id=event.pk,
        kind=event.kind,
        data=event.data,
        happened_at=event.at,
        actor=_actor_of(event),
        at=clock.now(),
    )


def _actor_of(event: Event) -> Actor:
    return Actor(cast(ActorKind, event.actor_kind), event.actor_id)


# --- what they say ------------------------------------------------------------------------------------------


@notice_words(telling.CLOCK, telling.ALERT, telling.WATCHED, telling.WATCHED_WORDS, watchers.MENTIONED)
def notice_texts(notices: Sequence[Notice], viewer: Actor) -> dict[int, NoticeText]:
    """Notices about tickets. At most four queries; a ticket that the reader may not see any more keeps its words to
    itself."""
    seen = {
        pk: (reference, subject)
        for pk, reference, subject in Ticket.objects.visible_to(viewer)
        .filter(pk__in={notice.subject_id for notice in notices})
        .values_list("pk", "reference", "subject")
    }
    alert_ids = {notice.data["alert_id"] for notice in notices if notice.kind == telling.ALERT}
    said = dict(TicketAlert.objects.filter(pk__in=alert_ids).values_list("pk", "word")) if alert_ids else {}
    names = timeline.names_for(_names_wanted(notice) for notice in notices)
    texts = {}
    for notice in notices:
        found = seen.get(notice.subject_id)
        title, icon = _title(notice, names)
        if found is None:
            texts[notice.pk] = NoticeText(title, _("You no longer see this ticket"), "", icon)
            continue
        reference, subject = found
        word = said.get(notice.data.get("alert_id", 0), "")
        line = " · ".join(part for part in (reference, word and f"“{word}”", subject) if part)
        texts[notice.pk] = NoticeText(title, line, reverse("desk:ticket", args=[reference]), icon)
    return texts


def _names_wanted(notice: Notice) -> dict[str, object]:
    return {**notice.data, "agent_id": notice.data.get("by")}


def _title(notice: Notice, names: words.Names) -> tuple[str, str]:
    """The first line of a notice and its picture."""
    data = notice.data
    if notice.kind == telling.ALERT:
        title = _("Alert: %(class)s") % {"class": words.word_class(data["word_class"])}
        if data.get("again"):
            title = _("Nobody took note yet. %(alert)s") % {"alert": title}
        return title, "alert"
    if notice.kind == watchers.MENTIONED:
        return _("%(name)s calls you in a note") % {"name": names.of("person", data["by"])}, "at"
    if notice.kind == telling.CLOCK:
        if data["percent"] > telling.LATE_FROM:
            late = {"clock": words.clock_name(data), "percent": data["percent"]}
            return _("%(clock)s: late, %(percent)d%% of the time") % late, "alarm"
        if data["percent"] == telling.LATE_FROM:
            return _("%(clock)s: late") % {"clock": words.clock_name(data)}, "alarm"
        return words.of_event(ClockWarned.kind, data, names), "clock"
    if data["what"] == CustomerReplied.kind:
        return _("The customer wrote"), "chat"
    if data["what"] == TicketResolved.kind:
        return _("Resolved"), "checkc"
    if data["what"] == TicketEscalated.kind:
        tier = {"tier": names.of("tier", data["to_tier"])}
        up = data["direction"] == "up"
        return (
            _("Escalated to %(tier)s") if up else _("Handed down to %(tier)s")
        ) % tier, "up" if up else "down"
    return words.of_event(StatusChanged.kind, data, names), "right"
