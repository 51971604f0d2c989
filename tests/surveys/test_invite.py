"""A rating is asked once for each cycle of a ticket, within seconds of resolving, in the customer's language."""

import hashlib
from datetime import datetime, timedelta

import pytest
from django.test import override_settings

from accounts.services.people import staff_actor
from channels_hub.events import MessageStateChanged
from channels_hub.models import Message
from core import clock
from core.actors import SYSTEM, Actor
from core.errors import Conflict, NotVisible
from core.events import announce
from core.models import Event
from core.services.deliveries import deliver_due, fan_out
from surveys.models import SurveyInvitation
from surveys.services.invite import ask, card_pass, invitation_of_token, invite, mark_delivered
from tests.factories.accounts import make_agent
from tests.factories.surveys import SurveyFactory, make_invitation, make_resolved_ticket
from tickets.enums import Status
from tickets.events import TicketResolved
from tickets.models import Ticket, TicketEntry
from tickets.services import timeline

pytestmark = pytest.mark.django_db


def deliver(at: datetime) -> None:
    """What beat and worker do with new events."""
    with clock.at_time(at):
        fan_out(at=at)
        deliver_due(at=at)


def test_only_the_hash_of_the_token_is_kept(at: datetime) -> None:
    invitation, token = make_invitation(at=at)
    assert invitation.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert len(token) == 32
    assert invitation.expires_at == at + timedelta(hours=24)
    assert invitation_of_token(token=token, at=at) == invitation


def test_the_resolver_is_the_rated_agent(at: datetime) -> None:
    agent = make_agent("林晓")
    invitation, _token = make_invitation(agent=agent, assignee=make_agent("何婷"), at=at)
    assert invitation.rated_agent == agent


def test_a_second_call_gives_the_same_invitation_and_no_token(at: datetime) -> None:
    invitation, _token = make_invitation(at=at)
    assert invite(ticket=invitation.ticket, at=at) == (invitation, "")
    assert Event.objects.filter(kind="surveys.offered").count() == 1


def test_a_new_cycle_gets_a_new_survey_and_the_old_one_stays_valid(at: datetime) -> None:
    first, token = make_invitation(at=at)
    Ticket.objects.filter(pk=first.ticket_id).update(cycle=2)
    second, other = invite(ticket=first.ticket, at=at)
    assert second.cycle == 2
    assert other != token
    assert invitation_of_token(token=token, at=at) == first


def test_without_an_active_survey_nothing_is_asked(at: datetime) -> None:
    SurveyFactory(active=False)
    ticket = make_resolved_ticket(at=at)
    with pytest.raises(Conflict) as refused:
        invite(ticket=ticket, at=at)
    assert refused.value.code == "no_survey"
    assert ask(ticket=ticket, cycle=1, rated_agent=None, at=at) is None
    assert not Message.objects.exists()


@override_settings(PUBLIC_URL="https://help.example.cn")
def test_resolving_sends_the_link_and_puts_it_on_the_timeline(at: datetime) -> None:
    SurveyFactory()
    agent = make_agent("林晓")
    ticket = make_resolved_ticket(agent=None, at=at)
    announce(
        TicketResolved(
            subject_id=ticket.pk, cycle=1, solution_code="guided", root_cause="use-setting", agent_id=agent.pk
        ),
        actor=SYSTEM,
        at=at,
    )
    deliver(at + timedelta(seconds=1))
    invitation = SurveyInvitation.objects.get(ticket=ticket)
    assert invitation.rated_agent == agent
    message = Message.objects.get(thread=ticket.thread)
    assert (message.author, message.staff, message.direction) == ("system", None, "out")
    opening, _, url = message.body.partition("https://help.example.cn/s/")
    assert opening == "How was this service? Two taps, valid for 24 hours: "
    assert invitation_of_token(token=url.strip("/"), at=at) == invitation
    assert TicketEntry.objects.get(ticket=ticket, message=message).public is True


def test_hearing_of_it_twice_sends_one_message(at: datetime) -> None:
    SurveyFactory()
    ticket = make_resolved_ticket(at=at)
    first = ask(ticket=ticket, cycle=1, rated_agent=None, at=at)
    assert ask(ticket=ticket, cycle=1, rated_agent=None, at=at) == first
    assert Message.objects.count() == 1


@pytest.mark.parametrize("change", [{"cycle": 2}, {"status": Status.OPEN, "resolved_at": None}])
def test_a_ticket_that_went_on_is_not_asked_about(at: datetime, change: dict[str, object]) -> None:
    SurveyFactory()
    ticket = make_resolved_ticket(at=at)
    if "status" in change:
        change = {**change, "solution_code": None, "root_cause": None, "resolved_by": None}
    Ticket.objects.filter(pk=ticket.pk).update(**change)
    assert ask(ticket=ticket, cycle=1, rated_agent=None, at=at) is None
    assert not SurveyInvitation.objects.exists()


def test_delivery_of_the_message_is_kept_once(at: datetime) -> None:
    SurveyFactory()
    ticket = make_resolved_ticket(at=at)
    invitation = ask(ticket=ticket, cycle=1, rated_agent=None, at=at)
    assert invitation is not None
    message = Message.objects.get()
    for seconds, state in ((1, "queued"), (2, "sent"), (3, "read")):
        announce(
            MessageStateChanged(subject_id=message.thread_id, message_id=message.pk, state=state),
            actor=SYSTEM,
            at=at + timedelta(seconds=seconds),
        )
    deliver(at + timedelta(minutes=1))
    invitation.refresh_from_db()
    assert invitation.delivered_at == at + timedelta(seconds=2)
    assert mark_delivered(invitation_id=invitation.pk, at=at) is False


def test_other_messages_that_arrive_are_nobodys_survey(at: datetime) -> None:
    invitation, _token = make_invitation(at=at)
    from tests.factories.channels_hub import MessageFactory

    message = MessageFactory(direction="out", author="system")
    announce(
        MessageStateChanged(subject_id=message.thread_id, message_id=message.pk, state="sent"),
        actor=SYSTEM,
        at=at,
    )
    deliver(at)
    invitation.refresh_from_db()
    assert invitation.delivered_at is None


@pytest.mark.parametrize("token", ["", "x" * 32, "c.", "c.1", "c.MQ:1abc:def"])
def test_a_guessed_token_finds_nothing(at: datetime, token: str) -> None:
    make_invitation(at=at)
    with pytest.raises(NotVisible):
        invitation_of_token(token=token, at=at)


def test_a_token_expires_and_so_does_a_cards_pass(at: datetime) -> None:
    invitation, token = make_invitation(at=at)
    for key in (token, card_pass(invitation)):
        last_moment = at + timedelta(hours=24, seconds=-1)
        assert invitation_of_token(token=key, at=last_moment) == invitation
        with pytest.raises(NotVisible):
            invitation_of_token(token=key, at=at + timedelta(hours=24))


def test_the_link_is_the_customers_alone(at: datetime) -> None:
    """Who is rated reads that a rating was asked, not the address where it is given."""
    SurveyFactory()
    agent = make_agent("林晓")
    ticket = make_resolved_ticket(agent=agent, at=at)
    ask(ticket=ticket, cycle=1, rated_agent=agent, at=at)
    token = Message.objects.latest("pk").body.rsplit("/", 2)[1]
    (colleague,) = timeline.read(ticket, viewer=staff_actor(agent))[-1:]
    (customer,) = timeline.read(ticket, viewer=Actor("link", ticket.pk))[-1:]
    assert token not in colleague.text
    assert colleague.text.startswith(customer.text.split("http")[0])
    assert colleague.text.endswith("/s/…/")
    assert token in customer.text
