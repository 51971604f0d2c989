"""Who is told what, once; who reads it; what their pages are told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.enums import Role
from accounts.models import Notice, User
from accounts.notice_words import NoticeText, notice_words, texts_of
from accounts.services.notices import inbox_of, mark_read, notify, unread_of
from core import live
from core.actors import NOBODY, SYSTEM, Actor
from core.errors import NotAllowed, NotVisible
from core.models import Event
from tests.factories.accounts import CustomerUserFactory, UserFactory, make_agent
from tests.factories.at_once import at_once
from tests.factories.times import NOW
from tests.factories.work import actor_of

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def tell(*people: User, dedupe: str = "one", actor: Actor = SYSTEM, **also: Any) -> list[Notice]:
    also = {"kind": "tickets.watched", "subject_kind": "ticket", "subject_id": 7, **also}
    return notify(recipients=[user.pk for user in people], dedupe=dedupe, actor=actor, at=NOW, **also)


# --- notify -------------------------------------------------------------------------------------------------
def test_each_is_told_once_for_a_key() -> None:
    lin, he = UserFactory(), UserFactory()
    first = tell(lin, he, data={"what": "x"}, level="warn")
    assert [(n.recipient_id, n.kind, n.level, n.data) for n in first] == [
        (lin.pk, "tickets.watched", "warn", {"what": "x"}),
        (he.pk, "tickets.watched", "warn", {"what": "x"}),
    ]
    assert tell(lin, he) == []
    third = UserFactory()
    assert [n.recipient for n in tell(lin, third)] == [third]
    assert Notice.objects.count() == 3


def test_whoever_did_it_is_not_told() -> None:
    lin, he = UserFactory(), UserFactory()
    assert [n.recipient for n in tell(lin, he, actor=actor_of(lin))] == [he]
    assert tell(lin, actor=actor_of(lin), dedupe="two") == []


def test_only_active_staff_are_told() -> None:
    gone = UserFactory(is_active=False)
    assert tell(gone, CustomerUserFactory(username="zhou")) == []


def test_an_unread_notice_of_the_kind_about_the_thing_is_enough_where_asked() -> None:
    lin = UserFactory()
    tell(lin, dedupe="a")
    assert tell(lin, dedupe="b", unless_unread=True) == []
    assert len(tell(lin, dedupe="c", unless_unread=True, subject_id=8)) == 1
    mark_read(up_to=Notice.objects.get(dedupe="a").pk, actor=actor_of(lin), at=LATER)
    assert len(tell(lin, dedupe="d", unless_unread=True)) == 1


def test_many_people_cost_what_one_does() -> None:
    def cost(people: list[User], key: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            tell(*people, dedupe=key)
        return len(seen)

    assert cost([UserFactory()], "a") == cost([UserFactory() for _ in range(5)], "b")


def test_one_fact_a_person_and_none_without_news() -> None:
    lin, he = UserFactory(), UserFactory()
    tell(lin, he)
    tell(lin, he)
    events = Event.objects.filter(kind="accounts.staff_notified").order_by("subject_id")
    assert [(e.subject_kind, e.subject_id, e.data["notice"]) for e in events] == [
        ("staff", lin.pk, "tickets.watched"),
        ("staff", he.pk, "tickets.watched"),
    ]
    assert live.topics_of(events[0]) == {("notices", lin.pk)}


def test_the_database_keeps_a_key_to_one_notice_and_knows_the_levels() -> None:
    lin = UserFactory()
    tell(lin)
    row = {"recipient": lin, "kind": "x", "subject_kind": "ticket", "subject_id": 1, "created_at": NOW}
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(dedupe="one", **row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(dedupe="two", level="loud", **row)


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_that_tell_the_same_at_once_tell_it_once() -> None:
    lin = UserFactory()
    told = at_once([lambda: tell(lin)] * 3)
    assert sorted(len(found) for found in told) == [0, 0, 1]
    assert Event.objects.filter(kind="accounts.staff_notified").count() == 1


# --- mark_read ----------------------------------------------------------------------------------------------
def test_one_is_read_or_all_up_to_one_or_all_about_a_thing() -> None:
    lin = UserFactory()
    a, b, c = (tell(lin, dedupe=key, subject_id=number)[0] for key, number in (("a", 1), ("b", 2), ("c", 2)))
    actor = actor_of(lin)
    assert mark_read(notice_id=b.pk, actor=actor, at=LATER) == 1
    assert mark_read(notice_id=b.pk, actor=actor, at=LATER + timedelta(hours=1)) == 0
    b.refresh_from_db()
    assert b.read_at == LATER
    assert mark_read(up_to=b.pk, actor=actor, at=LATER) == 1
    assert mark_read(subject=("ticket", 2), actor=actor, at=LATER) == 1
    assert not Notice.objects.unread().exists()
    assert {a.recipient_id, c.recipient_id} == {lin.pk}
    assert Event.objects.filter(kind="accounts.notices_read").count() == 3


def test_nobody_reads_for_somebody_else() -> None:
    lin = UserFactory()
    boss = make_agent("秦岚", roles=(Role.SUPERVISOR,))
    [notice] = tell(lin)
    with pytest.raises(NotVisible):
        mark_read(notice_id=notice.pk, actor=actor_of(boss), at=LATER)
    assert mark_read(up_to=notice.pk, actor=actor_of(boss), at=LATER) == 0
    for stranger in (NOBODY, Actor("customer", lin.pk), SYSTEM):
        with pytest.raises(NotAllowed):
            mark_read(notice_id=notice.pk, actor=stranger, at=LATER)
    assert Notice.objects.unread().count() == 1


def test_who_sees_which() -> None:
    lin, he = make_agent("林晓"), make_agent("何婷")
    boss = make_agent("秦岚", roles=(Role.SUPERVISOR,))
    tell(lin, he)
    assert [n.recipient for n in Notice.objects.visible_to(actor_of(lin))] == [lin]
    assert Notice.objects.visible_to(actor_of(boss)).count() == 2
    assert Notice.objects.of(actor_of(boss)).count() == 0
    assert not Notice.objects.visible_to(Actor("customer", lin.pk)).exists()


def test_ones_own_topic_only() -> None:
    lin = actor_of(UserFactory())
    assert lin.id is not None
    assert live.may_watch(lin, "notices", lin.id)
    assert not live.may_watch(lin, "notices", lin.id + 1)
    assert not live.may_watch(Actor("customer", lin.id), "notices", lin.id)


# --- what waits ---------------------------------------------------------------------------------------------
def test_what_waits_is_counted_and_alerts_stand_out() -> None:
    lin = UserFactory()
    assert (unread_of(actor_of(lin)).count, unread_of(actor_of(lin)).hot) == (0, False)
    tell(lin, dedupe="a")
    [alert] = tell(lin, dedupe="b", level="alert")
    found = unread_of(actor_of(lin))
    assert (found.count, found.label, found.alerts) == (2, "2", [alert])


def test_the_count_ends_at_99() -> None:
    lin = UserFactory()
    for number in range(101):
        tell(lin, dedupe=str(number))
    assert unread_of(actor_of(lin)).label == "99+"


def test_the_inbox_comes_in_pages_newest_first() -> None:
    lin = UserFactory()
    made = [tell(lin, dedupe=str(number))[0].pk for number in range(5)]
    first = inbox_of(actor_of(lin), limit=3)
    assert [n.pk for n in first.notices] == made[:1:-1]
    second = inbox_of(actor_of(lin), before=first.next_before, limit=3)
    assert ([n.pk for n in second.notices], second.next_before) == (made[1::-1], None)


# --- words --------------------------------------------------------------------------------------------------
def test_words_belong_to_one_app_and_a_kind_without_words_is_a_notice() -> None:
    lin = UserFactory()
    [plain] = tell(lin, kind="gone.kind")
    assert texts_of([plain], actor_of(lin)) == {plain.pk: NoticeText("Notice")}
    with pytest.raises(RuntimeError):
        notice_words("tickets.watched")(lambda notices, viewer: {})
