"""A bad rating is followed up by somebody else than the rated agent, within a day, and escalates on the way."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.enums import Role
from accounts.models import Agent, User
from accounts.services.people import staff_actor
from core.actors import NOBODY, SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.models import Event, Timer
from core.services.timers import fire_due
from surveys import rules
from surveys.enums import FollowUpState
from surveys.models import BadRatingFollowUp
from surveys.services.followups import (
    assign_follow_up,
    escalate_follow_up,
    move_follow_up,
    take_follow_up,
)
from tests.factories.accounts import TeamFactory, UserFactory, make_agent
from tests.factories.customers import CustomerFactory
from tests.factories.surveys import ReasonTagFactory, make_rating
from tests.factories.times import NOW

pytestmark = pytest.mark.django_db


def aftercare(name: str = "回访员") -> User:
    return make_agent(name, teams=(TeamFactory(code="aftercare", purpose="aftercare"),))


def follow_up(**rating: object) -> BadRatingFollowUp:
    return BadRatingFollowUp.objects.get(response=make_rating(**rating))


def supervisor() -> User:
    return make_agent("主管", roles=(Role.SUPERVISOR,))


# --- who ------------------------------------------------------------------------------------------------------
def test_the_aftercare_team_owns_it() -> None:
    make_agent("组长", roles=(Role.LEAD,))
    caller = aftercare()
    found = follow_up()
    assert (found.owner, found.state, found.due_at) == (caller, "to_do", NOW + timedelta(hours=24))
    opened = Event.objects.get(kind="surveys.follow_up_opened")
    assert opened.data == {"follow_up_id": found.pk, "owner_id": caller.pk}


def test_never_the_rated_agent_even_when_they_are_the_whole_aftercare_team() -> None:
    rated = aftercare("林晓")
    lead = make_agent("组长", roles=(Role.LEAD,))
    assert follow_up(agent=rated).owner == lead


def test_the_lead_of_a_team_will_do_but_not_one_who_is_rated() -> None:
    rated = make_agent("林晓", roles=(Role.LEAD,))
    lead = make_agent("何婷")
    TeamFactory(code="online", lead=lead)
    assert follow_up(agent=rated).owner == lead


def test_nobody_available_leaves_it_without_owner_for_supervisors_to_see() -> None:
    UserFactory()
    found = follow_up()
    assert found.owner is None
    assert list(BadRatingFollowUp.objects.visible_to(Actor("staff", 1, sees_all=True))) == [found]


def test_people_who_left_and_customers_get_none() -> None:
    gone = aftercare("走了")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert follow_up().owner is None


def test_the_fewest_open_ones_first() -> None:
    one, two = aftercare("甲"), aftercare("乙")
    assert [follow_up().owner for _ in range(4)] == [one, two, one, two]


def test_finished_ones_do_not_count() -> None:
    one, two = aftercare("甲"), aftercare("乙")
    first = follow_up()
    assert first.owner == one
    finish(first)
    # both have none open: who had none at all waited longest
    assert follow_up().owner == two
    assert follow_up().owner == one


def test_a_tie_goes_to_who_was_idle_longest() -> None:
    one, two = aftercare("甲"), aftercare("乙")
    Agent.objects.filter(user=one).update(last_assigned_at=NOW)
    Agent.objects.filter(user=two).update(last_assigned_at=NOW - timedelta(hours=1))
    assert follow_up().owner == two


def test_the_database_refuses_the_rated_agent_as_owner() -> None:
    rated = make_agent("林晓")
    found = follow_up(agent=rated)
    with pytest.raises(IntegrityError), transaction.atomic():
        BadRatingFollowUp.objects.filter(pk=found.pk).update(owner=rated)


def test_the_first_bad_reason_is_noted() -> None:
    bad = ReasonTagFactory(code="attitude")
    ReasonTagFactory(code="fast", polarity="good")
    assert follow_up(reasons=["fast", "attitude"]).reason == bad


# --- time -----------------------------------------------------------------------------------------------------
def test_it_escalates_at_12_20_and_24_hours_while_it_is_open() -> None:
    caller = aftercare()
    found = follow_up()
    due = list(Timer.objects.order_by("due_at").values_list("due_at", flat=True))
    assert due == [NOW + timedelta(hours=h) for h in (12, 20, 24)]
    for hours, step in ((12, 1), (20, 2), (24, 3)):
        assert fire_due(at=NOW + timedelta(hours=hours)) == 1
        escalated = Event.objects.filter(kind="surveys.follow_up_escalated").order_by("id").last()
        assert escalated is not None
        assert escalated.data == {"follow_up_id": found.pk, "step": step, "owner_id": caller.pk}
        assert escalated.at == NOW + timedelta(hours=hours)


def test_half_five_sixths_and_all_of_any_time() -> None:
    assert [m - NOW for m in rules.reminder_times(NOW, 6)] == [timedelta(hours=h) for h in (3, 5, 6)]


def test_finishing_stops_the_timers_and_a_late_one_says_nothing() -> None:
    aftercare()
    found = follow_up()
    finish(found)
    assert not Timer.objects.exists()
    assert escalate_follow_up(follow_up_id=found.pk, step=1, at=NOW) is False
    assert not Event.objects.filter(kind="surveys.follow_up_escalated").exists()


def test_an_escalation_finds_an_owner_for_one_that_has_none() -> None:
    found = follow_up()
    caller = aftercare()
    assert escalate_follow_up(follow_up_id=found.pk, step=1, at=NOW) is True
    found.refresh_from_db()
    assert found.owner == caller


# --- moves ----------------------------------------------------------------------------------------------------
def finish(found: BadRatingFollowUp, state: str = "won_back") -> BadRatingFollowUp:
    for step in ("contacting", "contacted"):
        move_follow_up(follow_up=found, state=step, actor=SYSTEM, at=NOW)
    return move_follow_up(follow_up=found, state=state, action="道歉并补偿", actor=SYSTEM, at=NOW)


@pytest.mark.parametrize("before", FollowUpState.values)
@pytest.mark.parametrize("after", FollowUpState.values)
def test_every_pair_of_states(before: str, after: str) -> None:
    found = follow_up()
    BadRatingFollowUp.objects.filter(pk=found.pk).update(state=before)
    allowed = {
        "to_do": {"contacting", "invalid"},
        "contacting": {"contacted", "invalid"},
        "contacted": {"handling", "won_back", "not_won_back", "invalid"},
        "handling": {"won_back", "not_won_back", "invalid"},
    }.get(before, set())
    if after == before or after in allowed:
        moved = move_follow_up(follow_up=found, state=after, action="打了电话", actor=SYSTEM, at=NOW)
        assert moved.state == after
        assert Event.objects.filter(kind="surveys.follow_up_moved").count() == int(after != before)
    else:
        with pytest.raises(Conflict) as refused:
            move_follow_up(follow_up=found, state=after, action="打了电话", actor=SYSTEM, at=NOW)
        assert refused.value.code == "illegal_transition"
        assert refused.value.extra["allowed"] == sorted(allowed)


@pytest.mark.parametrize("state", ["won_back", "not_won_back", "invalid"])
def test_finishing_needs_what_was_done(state: str) -> None:
    found = follow_up()
    BadRatingFollowUp.objects.filter(pk=found.pk).update(state="contacted")
    with pytest.raises(InvalidInput) as refused:
        move_follow_up(follow_up=found, state=state, action="  ", actor=SYSTEM, at=NOW)
    assert list(refused.value.fields) == ["action"]
    ended = move_follow_up(
        follow_up=found,
        state=state,
        action="免费清洗一次",
        reason=ReasonTagFactory(code="process"),
        re_rating=4,
        actor=SYSTEM,
        at=NOW + timedelta(hours=1),
    )
    ended.refresh_from_db()
    assert (ended.state, ended.action, ended.re_rating) == (state, "免费清洗一次", 4)
    assert ended.reason is not None
    assert (ended.reason.code, ended.finished_at) == ("process", NOW + timedelta(hours=1))
    moved = Event.objects.get(kind="surveys.follow_up_moved")
    assert moved.detail.body == {"action": "免费清洗一次"}


def test_the_first_contact_is_kept() -> None:
    found = follow_up()
    move_follow_up(follow_up=found, state="contacting", actor=SYSTEM, at=NOW)
    move_follow_up(follow_up=found, state="contacted", actor=SYSTEM, at=NOW + timedelta(hours=2))
    found.refresh_from_db()
    assert found.first_contact_at == NOW + timedelta(hours=2)
    assert found.finished_at is None


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({"state": "lost"}, "state"), ({"state": "contacting", "re_rating": 6}, "re_rating")],
)
def test_unknown_values_are_named(arguments: dict[str, object], field: str) -> None:
    found = follow_up()
    with pytest.raises(InvalidInput) as refused:
        move_follow_up(follow_up=found, actor=SYSTEM, at=NOW, **arguments)
    assert list(refused.value.fields) == [field]


def test_only_the_owner_and_supervisors_move_it() -> None:
    owner, colleague = aftercare("甲"), make_agent("别人")
    found = follow_up()
    for actor in (staff_actor(colleague), Actor("customer", CustomerFactory().pk), NOBODY):
        with pytest.raises(NotVisible):
            move_follow_up(follow_up=found, state="contacting", actor=actor, at=NOW)
    assert move_follow_up(follow_up=found, state="contacting", actor=staff_actor(owner), at=NOW).state
    boss = staff_actor(supervisor())
    assert move_follow_up(follow_up=found, state="contacted", actor=boss, at=NOW).state == "contacted"


def test_a_waiting_one_is_taken_before_it_is_moved() -> None:
    found = follow_up()
    caller = staff_actor(aftercare())
    with pytest.raises(NotAllowed):
        move_follow_up(follow_up=found, state="contacting", actor=caller, at=NOW)
    take_follow_up(follow_up=found, actor=caller, at=NOW)
    assert move_follow_up(follow_up=found, state="contacting", actor=caller, at=NOW).owner_id == caller.id


# --- taking and giving ----------------------------------------------------------------------------------------
def test_taking_one_that_waits() -> None:
    found = follow_up()
    caller = aftercare()
    taken = take_follow_up(follow_up=found, actor=staff_actor(caller), at=NOW)
    assert taken.owner == caller
    take_follow_up(follow_up=found, actor=staff_actor(caller), at=NOW)
    assert Event.objects.get(kind="surveys.follow_up_assigned").data == {
        "follow_up_id": found.pk,
        "before": None,
        "after": caller.pk,
    }


def test_a_colleagues_one_cannot_be_taken_but_by_a_supervisor() -> None:
    aftercare("甲")
    found = follow_up()
    other = aftercare("乙")
    with pytest.raises(NotVisible):
        take_follow_up(follow_up=found, actor=staff_actor(other), at=NOW)
    boss = supervisor()
    assert take_follow_up(follow_up=found, actor=staff_actor(boss), at=NOW).owner == boss


def test_the_rated_agent_neither_sees_nor_takes_it_not_even_as_supervisor() -> None:
    rated = make_agent("林晓", roles=(Role.SUPERVISOR,))
    found = follow_up(agent=rated)
    assert not BadRatingFollowUp.objects.visible_to(staff_actor(rated)).exists()
    with pytest.raises(NotVisible):
        take_follow_up(follow_up=found, actor=staff_actor(rated), at=NOW)


def test_leads_and_supervisors_give_it_to_somebody_else() -> None:
    rated, colleague = make_agent("林晓"), make_agent("何婷")
    found = follow_up(agent=rated)
    boss = staff_actor(supervisor())
    for wrong in (rated, UserFactory(is_active=False)):
        with pytest.raises(InvalidInput) as refused:
            assign_follow_up(follow_up=found, owner=wrong, actor=boss, at=NOW)
        assert list(refused.value.fields) == ["owner"]
    assert assign_follow_up(follow_up=found, owner=colleague, actor=boss, at=NOW).owner == colleague
    with pytest.raises(NotAllowed):
        assign_follow_up(follow_up=found, owner=rated, actor=staff_actor(colleague), at=NOW)


def test_a_finished_one_changes_hands_no_more() -> None:
    found = follow_up()
    finish(found)
    boss = staff_actor(supervisor())
    for verb in (
        lambda: take_follow_up(follow_up=found, actor=boss, at=NOW),
        lambda: assign_follow_up(follow_up=found, owner=make_agent(), actor=boss, at=NOW),
    ):
        with pytest.raises(Conflict) as refused:
            verb()
        assert refused.value.code == "finished"
