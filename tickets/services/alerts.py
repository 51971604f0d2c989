"""Alerts: a customer's words that somebody responsible must hear of within seconds.

What trips is data: AlertWord rows of five classes, and every SafetyWord as class "safety". Both are matched as the
first judgement matches safety words (classify.words_in), harmless phrases included.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from channels_hub.enums import Author
from channels_hub.models import Message
from core.actors import SYSTEM, Actor
from core.db import lock_rows
from core.errors import NotVisible
from core.events import announce
from core.services.timers import set_timer
from tickets.enums import WordClass
from tickets.events import AlertAcknowledged, TicketAlerted
from tickets.models import AlertWord, SafetyWord, Ticket, TicketAlert
from tickets.services import timeline
from tickets.services.classify import words_in
from tickets.services.state import lock_ticket, staff_id

#: a danger that nobody took note of is told once more, further up
AGAIN_TIMER = "tickets.alert_again"
AGAIN = timedelta(minutes=5)


def found_words(text: str) -> dict[str, str]:
    """Class → the first word of that class in a text. Two queries, or one when there is no text."""
    if not text.strip():
        return {}
    found: dict[str, str] = {}
    for word in words_in(text, AlertWord.objects.filter(active=True).order_by("word_class", "word")):
        found.setdefault(word.word_class, word.word)
    for safety in words_in(text, SafetyWord.objects.order_by("word")):
        found.setdefault(WordClass.SAFETY.value, safety.word)
    return found


def look_at_request(*, ticket: Ticket, at: datetime) -> list[TicketAlert]:
    """Raise what the words of a new ticket call for: every message of the customer on its timeline, else subject and
    symptom. Returns what was raised."""
    spoken = Message.objects.filter(entries__ticket_id=ticket.pk, author=Author.CUSTOMER).order_by("seq")
    raised = [alert for message in spoken for alert in look_at_message(ticket=ticket, message=message, at=at)]
    request = Ticket.objects.filter(pk=ticket.pk).values_list("subject", "symptom").first()
    if request is None:
        return raised
    # a form's symptom may say more than its message; what was raised already is not raised again
    known = set(TicketAlert.objects.filter(ticket_id=ticket.pk).values_list("word_class", flat=True))
    words = found_words("\n".join(request))
    fresh = {word_class: word for word_class, word in words.items() if word_class not in known}
    return raised + _raise_all(ticket, fresh, None, at=at)


def look_at_message(*, ticket: Ticket, message: Message, at: datetime) -> list[TicketAlert]:
    """Raise what one message of the customer calls for. Returns what was raised."""
    return _raise_all(ticket, found_words(message.body), message, at=at)


def _raise_all(
    ticket: Ticket, found: dict[str, str], message: Message | None, *, at: datetime
) -> list[TicketAlert]:
    made = (
        raise_alert(ticket=ticket, word_class=word_class, word=word, message=message, actor=SYSTEM, at=at)
        for word_class, word in found.items()
    )
    return [alert for alert in made if alert is not None]


@transaction.atomic
def raise_alert(
    *,
    ticket: Ticket,
    word_class: str,
    word: str,
    message: Message | None = None,
    actor: Actor,
    at: datetime,
) -> TicketAlert | None:
    """Put an alert on a ticket; None when one of this class was raised within the quiet period
    (ALERT_QUIET_MINUTES), or for this very message. A danger is told again, further up, unless somebody
    takes note of it in time."""
    lock_ticket(ticket, viewer=SYSTEM)
    before = TicketAlert.objects.filter(ticket=ticket, word_class=word_class)
    quiet_since = at - timedelta(minutes=settings.ALERT_QUIET_MINUTES)
    if before.filter(raised_at__gt=quiet_since).exists():
        return None
    if message is not None and before.filter(message=message).exists():
        return None
    alert = TicketAlert.objects.create(
        ticket=ticket, word_class=word_class, word=word, message=message, raised_at=at
    )
    event = announce(
        TicketAlerted(subject_id=ticket.pk, alert_id=alert.pk, word_class=word_class),
        actor=actor,
        at=at,
        detail={"reason": word},
    )
    timeline.record(ticket, event=event, public=False)
    if word_class == WordClass.SAFETY:
        set_timer(AGAIN_TIMER, subject_id=alert.pk, due_at=at + AGAIN)
    return alert


@transaction.atomic
def acknowledge_alert(*, alert: TicketAlert, actor: Actor, at: datetime) -> TicketAlert:
    """A member of staff who may see the ticket takes care of it; the first one counts, later ones change
    nothing. Raises NotVisible."""
    user_id = staff_id(actor)
    ticket = lock_ticket(Ticket(pk=alert.ticket_id), viewer=actor)
    found = lock_rows(TicketAlert.objects.filter(pk=alert.pk, ticket=ticket)).first()
    if found is None:
        raise NotVisible()
    if found.acknowledged_at is not None:
        return found
    found.acknowledged_at, found.acknowledged_by_id = at, user_id
    found.save(update_fields=["acknowledged_at", "acknowledged_by"])
    event = announce(
        AlertAcknowledged(
            subject_id=ticket.pk, alert_id=found.pk, word_class=found.word_class, agent_id=user_id
        ),
        actor=actor,
        at=at,
    )
    timeline.record(ticket, event=event, public=False)
    return found


def open_alerts(ticket: Ticket) -> Iterable[TicketAlert]:
    """What nobody took note of yet, newest first. One query."""
    return TicketAlert.objects.open().filter(ticket=ticket).order_by("-pk")[:10]
