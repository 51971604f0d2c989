"""What staff are doing: a log without gaps, set by themselves or their lead."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.enums import DutyState, Role
from accounts.models import Agent, DutyLog, User
from accounts.services.duty import note_assignment, set_duty
from accounts.services.people import staff_actor
from core.actors import NOBODY, SYSTEM, Actor
from core.errors import InvalidInput, NotAllowed
from core.models import Event
from tests.factories.accounts import TeamFactory, make_agent
from tests.factories.times import NOW

pytestmark = pytest.mark.django_db


def put(user: User, state: str, reason: str = "", *, minutes: int = 0, actor: Actor | None = None) -> DutyLog:
    return set_duty(
        agent=Agent.objects.get(user=user),
        state=state,
        reason=reason,
        actor=actor or staff_actor(user),
        at=NOW + timedelta(minutes=minutes),
    )


def stretches(user: User) -> list[tuple[str, datetime, datetime | None]]:
    return list(
        DutyLog.objects.filter(agent__user=user).order_by("pk").values_list("state", "since", "until")
    )


def test_one_stretch_ends_when_the_next_begins() -> None:
    user = make_agent(since=None)
    put(user, "available")
    put(user, "break", "lunch", minutes=30)
    put(user, "available", minutes=90)
    assert stretches(user) == [
        ("available", NOW, NOW + timedelta(minutes=30)),
        ("break", NOW + timedelta(minutes=30), NOW + timedelta(minutes=90)),
        ("available", NOW + timedelta(minutes=90), None),
    ]
    agent = Agent.objects.get(user=user)
    assert (agent.duty_state, agent.duty_since) == ("available", NOW + timedelta(minutes=90))


def test_a_change_is_announced_with_a_reasons_code() -> None:
    user = make_agent()
    put(user, "break", "lunch", minutes=5)
    event = Event.objects.get(kind="accounts.duty_changed")
    agent = Agent.objects.get(user=user)
    assert (event.subject_id, event.data) == (
        agent.pk,
        {"user_id": user.pk, "before": "available", "after": "break", "reason": "lunch"},
    )


def test_own_words_stand_in_the_detail_only() -> None:
    user = make_agent()
    put(user, "break", "去接孩子", minutes=5)
    event = Event.objects.get(kind="accounts.duty_changed")
    assert (event.data["reason"], event.detail.body) == ("", {"reason": "去接孩子"})


def test_the_state_that_holds_changes_nothing() -> None:
    user = make_agent()
    first = put(user, "busy", minutes=5)
    assert put(user, "busy", minutes=9) == first
    assert len(stretches(user)) == 2
    assert Event.objects.filter(kind="accounts.duty_changed").count() == 1


def test_a_call_that_comes_late_ends_nothing_before_it_began() -> None:
    user = make_agent()
    put(user, "busy", minutes=60)
    put(user, "available", minutes=30)
    assert stretches(user)[1:] == [
        ("busy", NOW + timedelta(hours=1), NOW + timedelta(hours=1)),
        ("available", NOW + timedelta(hours=1), None),
    ]


@pytest.mark.parametrize(
    ("state", "reason", "field"), [("break", " ", "reason"), ("asleep", "", "state"), ("", "", "state")]
)
def test_wrong_values_are_named(state: str, reason: str, field: str) -> None:
    user = make_agent()
    with pytest.raises(InvalidInput) as refused:
        put(user, state, reason)
    assert list(refused.value.fields) == [field]
    assert len(stretches(user)) == 1


def test_leads_supervisors_and_the_system_set_others_nobody_else() -> None:
    lead, colleague, quality = make_agent(), make_agent(), make_agent(roles=(Role.QUALITY,))
    boss = make_agent(roles=(Role.SUPERVISOR,))
    user = make_agent(teams=(TeamFactory(lead=lead),))
    for stranger in (staff_actor(colleague), staff_actor(quality), Actor("customer", user.pk), NOBODY):
        with pytest.raises(NotAllowed):
            put(user, "offline", actor=stranger)
    for minutes, actor in enumerate((staff_actor(lead), staff_actor(boss), SYSTEM), start=1):
        put(user, "forced_out", "end of shift", minutes=2 * minutes, actor=actor)
        put(user, "available", minutes=2 * minutes + 1)
    assert len(stretches(user)) == 7


def test_nobody_signs_themselves_out_by_force() -> None:
    user = make_agent(roles=(Role.SUPERVISOR,))
    with pytest.raises(NotAllowed):
        put(user, "forced_out", "tired")


def test_two_open_stretches_cannot_be() -> None:
    agent = Agent.objects.get(user=make_agent())
    with pytest.raises(IntegrityError), transaction.atomic():
        DutyLog.objects.create(agent=agent, state="busy", since=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        DutyLog.objects.filter(agent=agent).update(until=NOW - timedelta(seconds=1))


@given(steps=st.lists(st.tuples(st.sampled_from(DutyState.values), st.integers(-60, 600)), max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_the_log_has_no_gaps(steps: list[tuple[str, int]]) -> None:
    user = make_agent()
    for state, minutes in steps:
        put(user, state, "reason", minutes=minutes, actor=SYSTEM)
    rows = stretches(user)
    assert rows[-1][2] is None
    for (_state, _since, until), (_next_state, since, _until) in zip(rows, rows[1:], strict=False):
        assert until == since
    assert all(until is None or until >= since for _state, since, until in rows)
    assert Agent.objects.get(user=user).duty_state == rows[-1][0]


def test_the_last_assignment_never_goes_back_in_time() -> None:
    user = make_agent()
    for moment in (NOW, NOW + timedelta(minutes=5), NOW + timedelta(minutes=1)):
        note_assignment(user_id=user.pk, at=moment)
    assert Agent.objects.get(user=user).last_assigned_at == NOW + timedelta(minutes=5)
