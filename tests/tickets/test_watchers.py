"""Who watches a ticket and hears what happens on it; who is called by name in a note."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Notice, User
from core.errors import NotAllowed, NotVisible
from core.models import Delivery
from tests.factories.accounts import make_agent
from tests.factories.at_once import at_once
from tests.factories.tickets import make_desk
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    deliver,
    make_colleague,
    make_open_ticket,
)
from tickets.models import Ticket, TicketWatcher
from tickets.services import resolve, state, talk
from tickets.services.escalate import escalate
from tickets.services.watchers import mentioned_in, suggestions, unwatch, watch, watchers_of

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def lin(desk_defaults: dict[str, Any]) -> User:
    user = make_colleague("林晓")
    User.objects.filter(pk=user.pk).update(username="linxiao", display_name_en="Lin Xiao")
    return User.objects.get(pk=user.pk)


@pytest.fixture
def ticket(lin: User) -> Ticket:
    made = make_open_ticket(lin)
    deliver()
    Notice.objects.all().delete()
    return made


def heard(user: User) -> list[str]:
    rows = Notice.objects.filter(recipient=user, kind__startswith="tickets.watched").order_by("pk")
    return [notice.data["what"] for notice in rows]


# --- watching -----------------------------------------------------------------------------------------------
def test_watching_twice_is_watching_once_and_ends_once(ticket: Ticket) -> None:
    he = make_colleague("何婷")
    assert watch(ticket=ticket, actor=actor_of(he), at=NOW)
    assert not watch(ticket=ticket, actor=actor_of(he), at=LATER)
    assert TicketWatcher.objects.get().since == NOW
    assert unwatch(ticket=ticket, actor=actor_of(he))
    assert not unwatch(ticket=ticket, actor=actor_of(he))
    with pytest.raises(IntegrityError), transaction.atomic():
        TicketWatcher.objects.bulk_create([TicketWatcher(ticket=ticket, user=he, since=NOW)] * 2)


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_are_one_watch() -> None:
    make_desk()
    made = make_open_ticket(make_colleague())
    actor = actor_of(make_colleague("何婷"))
    answers = at_once([lambda: watch(ticket=Ticket(pk=made.pk), actor=actor, at=NOW)] * 3)
    assert sorted(answers) == [False, False, True]


def test_only_staff_who_see_the_ticket_watch_it(ticket: Ticket, desk_defaults: dict[str, Any]) -> None:
    stranger = make_colleague("外组", queue=desk_defaults["queues"]["L3"], tier="L3")
    for verb in (
        lambda who: watch(ticket=ticket, actor=who, at=NOW),
        lambda who: unwatch(ticket=ticket, actor=who),
    ):
        with pytest.raises(NotVisible):
            verb(actor_of(stranger))
        with pytest.raises(NotAllowed):
            verb(customer_of(ticket.customer))
    assert not TicketWatcher.objects.exists()


def test_watchers_hear_of_words_states_tiers_and_the_end(
    ticket: Ticket, lin: User, desk_defaults: dict[str, Any]
) -> None:
    he = make_colleague("何婷")
    make_colleague("专家", queue=desk_defaults["queues"]["L2"], tier="L2")
    watch(ticket=ticket, actor=actor_of(he), at=NOW)
    state.set_waiting(ticket=ticket, status="waiting_customer", actor=actor_of(lin), at=LATER)
    deliver(LATER)
    talk.customer_reply(ticket=ticket, body="在的", actor=customer_of(ticket.customer), at=LATER)
    deliver(LATER)
    # her own words are the news, not the state that they changed
    assert heard(he) == ["tickets.status_changed", "tickets.customer_replied"]
    talk.customer_reply(ticket=ticket, body="还在吗", actor=customer_of(ticket.customer), at=LATER)
    deliver(LATER)
    assert heard(he)[2:] == []
    resolve.resolve(
        ticket=ticket,
        solution_code=desk_defaults["solution"],
        root_cause=desk_defaults["cause"],
        message="好了",
        actor=actor_of(lin),
        at=LATER,
    )
    deliver(LATER)
    assert heard(he)[2:] == ["tickets.resolved"]


def test_escalation_is_heard_as_long_as_one_may_see_the_ticket(
    ticket: Ticket, lin: User, desk_defaults: dict[str, Any]
) -> None:
    he, boss = make_colleague("何婷"), make_agent("秦岚", roles=("supervisor",))
    for user in (he, boss):
        watch(ticket=ticket, actor=actor_of(user), at=NOW)
    escalate(
        ticket=ticket,
        category=desk_defaults["category"],
        steps_tried="重启",
        evidence="日志",
        actor=actor_of(lin),
        at=LATER,
    )
    deliver(LATER)
    assert heard(boss) == ["tickets.escalated"]
    assert heard(he) == []
    ticket.refresh_from_db()
    assert watchers_of(ticket, at=LATER) == [boss.pk]


def test_nobody_is_told_of_their_own_act(ticket: Ticket, lin: User) -> None:
    he = make_colleague("何婷")
    for user in (lin, he):
        watch(ticket=ticket, actor=actor_of(user), at=NOW)
    state.set_waiting(ticket=ticket, status="waiting_customer", actor=actor_of(lin), at=LATER)
    deliver(LATER)
    assert (heard(lin), heard(he)) == ([], ["tickets.status_changed"])


def test_a_redelivered_event_is_heard_once_and_what_was_before_not_at_all(ticket: Ticket) -> None:
    he = make_colleague("何婷")
    watch(ticket=ticket, actor=actor_of(he), at=NOW + timedelta(minutes=1))
    talk.customer_reply(ticket=ticket, body="在吗", actor=customer_of(ticket.customer), at=LATER)
    deliver(LATER)
    Notice.objects.update(read_at=LATER)
    Delivery.objects.update(state="queued", attempts=0)
    deliver(LATER)
    assert heard(he) == ["tickets.customer_replied"]


# --- names in notes -----------------------------------------------------------------------------------------
def note(ticket: Ticket, author: User, body: str) -> None:
    talk.add_note(ticket=ticket, body=body, actor=actor_of(author), at=LATER)
    deliver(LATER)


def called() -> list[User]:
    return [n.recipient for n in Notice.objects.filter(kind="tickets.mentioned").order_by("pk")]


def test_whoever_a_note_calls_is_told_and_watches(ticket: Ticket, lin: User) -> None:
    he = make_colleague("何婷")
    note(ticket, he, "@林晓你看下，@何婷 记一下")
    assert called() == [lin]
    assert Notice.objects.get().data == {"note_id": ticket.entries.get(kind="note").note_id, "by": he.pk}
    assert [w.user for w in TicketWatcher.objects.all()] == [lin]
    Delivery.objects.update(state="queued", attempts=0)
    deliver(LATER)
    assert called() == [lin]


@pytest.mark.parametrize(
    "text",
    [
        "@林晓你看下",
        "请＠林晓 看",
        "@linxiao",
        "@LinXiao, please",
        "(@linxiao)",
        "@linxiao. Thanks",
        "@Lin Xiao please",
    ],
)
def test_names_that_call(ticket: Ticket, lin: User, text: str) -> None:
    assert mentioned_in(ticket, text) == [lin.pk]


@pytest.mark.parametrize(
    "text", ["林晓你看下", "mail@linxiao.cn", "x@linxiao", "@linxiaoming", "@linxiao.wang", "@", "@ 林晓"]
)
def test_what_calls_nobody(ticket: Ticket, lin: User, text: str) -> None:
    assert mentioned_in(ticket, text) == []


def test_of_two_names_the_longer_one_is_meant(ticket: Ticket, lin: User) -> None:
    longer = make_colleague("林晓东")
    assert mentioned_in(ticket, "@林晓东 看下") == [longer.pk]
    twin = make_colleague("林晓")
    assert mentioned_in(ticket, "@林晓 看下") == sorted([lin.pk, twin.pk])


def test_nobody_is_called_who_may_not_see_the_ticket(
    ticket: Ticket, lin: User, desk_defaults: dict[str, Any]
) -> None:
    make_colleague("外组", queue=desk_defaults["queues"]["L3"], tier="L3")
    gone = make_colleague("离职")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    note(ticket, lin, "@外组 @离职 看下")
    assert (called(), TicketWatcher.objects.count()) == ([], 0)


def test_a_name_in_an_answer_to_the_customer_does_nothing(ticket: Ticket, lin: User) -> None:
    make_colleague("何婷")
    talk.reply(ticket=ticket, body="@何婷 会联系您", actor=actor_of(lin), at=LATER)
    deliver(LATER)
    assert (called(), TicketWatcher.objects.count()) == ([], 0)


def test_suggestions_are_colleagues_who_see_the_ticket_but_oneself(
    ticket: Ticket, lin: User, desk_defaults: dict[str, Any]
) -> None:
    he = make_colleague("何婷")
    make_colleague("何外", queue=desk_defaults["queues"]["L3"], tier="L3")
    viewer = actor_of(lin)
    assert [p.id for p in suggestions(ticket, like="何", viewer=viewer)] == [he.pk]
    assert [p.id for p in suggestions(ticket, like="", viewer=viewer)] == [he.pk]
    assert suggestions(ticket, like="林", viewer=viewer) == []
    for _ in range(10):
        make_colleague("何某")
    assert len(suggestions(ticket, like="何", viewer=viewer)) == 8
