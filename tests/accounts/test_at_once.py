"""Two changes of duty at the same moment leave a log without gaps."""

from datetime import timedelta

import pytest

from accounts.models import Agent, DutyLog
from accounts.services.duty import set_duty
from core.actors import SYSTEM
from tests.factories.accounts import make_agent
from tests.factories.at_once import at_once
from tests.factories.times import NOW


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once() -> None:
    agent = Agent.objects.get(user=make_agent())

    def put(state: str) -> DutyLog:
        return set_duty(agent=agent, state=state, reason="x", actor=SYSTEM, at=NOW + timedelta(minutes=1))

    at_once([lambda: put("busy"), lambda: put("break"), lambda: put("busy"), lambda: put("offline")])
    rows = list(DutyLog.objects.order_by("pk").values_list("state", "since", "until"))
    assert rows[0][0] == "available"
    assert [row[2] for row in rows].count(None) == 1
    assert all(before[2] == after[1] for before, after in zip(rows, rows[1:], strict=False))
    assert Agent.objects.get().duty_state == rows[-1][0]
