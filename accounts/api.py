"""REST doors for staff about themselves: what they are doing now."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.enums import DutyState
from accounts.models import Agent, DutyReason
from accounts.services.duty import set_duty
from core import clock
from core.api.doors import StaffDoor
from core.api.fields import Named, words
from core.api.schema import spec
from core.errors import NotVisible

TAG = "agent"


class DutyIn(serializers.Serializer[Any]):
    state = serializers.CharField(max_length=20)
    reason = words(40, help_text="Needed for a break: a code of `reasons`, or a few words")


class DutyOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=DutyState.choices)
    name = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    tier = serializers.CharField()
    ticket_capacity = serializers.IntegerField()
    reasons = Named(many=True)


class Duty(StaffDoor):
    """One's own duty state; staff who take no tickets have none."""

    @spec("duty", "What I am doing now", tag=TAG, gives=DutyOut)
    def get(self, request: Request) -> Response:
        return self._shown(self._agent())

    @spec("duty_set", "Change it", tag=TAG, takes=DutyIn, gives=DutyOut)
    def post(self, request: Request) -> Response:
        data = self.taken(DutyIn)
        agent = self._agent()
        set_duty(agent=agent, state=data["state"], reason=data["reason"], actor=self.viewer, at=clock.now())
        return self._shown(self._agent())

    def _agent(self) -> Agent:
        agent = Agent.objects.filter(user_id=self.viewer.id or 0).first()
        if agent is None:
            raise NotVisible()
        return agent

    def _shown(self, agent: Agent) -> Response:
        shown = {
            "state": agent.duty_state,
            "name": DutyState(agent.duty_state).label,
            "since": agent.duty_since,
            "tier": agent.tier,
            "ticket_capacity": agent.ticket_capacity,
            "reasons": DutyReason.objects.filter(active=True),
        }
        return self.answer(DutyOut, shown)
