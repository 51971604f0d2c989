"""What staff are doing now, and a log of it without gaps."""

import re
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import rules
from accounts.enums import DutyState, Role
from accounts.events import DutyChanged
from accounts.models import Agent, DutyLog
from accounts.services.people import holds_role
from core.actors import Actor
from core.db import lock_rows
from core.errors import InvalidInput, NotAllowed
from core.events import announce

CODE = re.compile(r"^[a-z0-9_-]{1,40}$")


@transaction.atomic
def set_duty(*, agent: Agent, state: str, reason: str = "", actor: Actor, at: datetime) -> DutyLog:
    """Put an agent into a duty state; returns the open stretch of the log. The stretch before ends in the
    same moment, so that the log has no gaps; a call that comes late ends nothing before it began. Setting
    the state that holds changes nothing. Raises InvalidInput (`state`, `reason`: a break needs one),
    NotAllowed for anybody but the agent themself, a lead of one of their teams, supervisors and the
    system."""
    if state not in DutyState.values:
        message = _("There is no such state.")
        raise InvalidInput(message, code="unknown_state", fields={"state": [message]})
    reason = reason.strip()[:40]
    if state in rules.NEEDS_REASON and not reason:
        message = _("Say why.")
        raise InvalidInput(message, code="reason_needed", fields={"reason": [message]})
    locked: Agent = lock_rows(Agent.objects.filter(pk=agent.pk)).get()
    if not rules.may_set_duty(own=_is_own(locked, actor), leads=_leads(locked, actor), state=state):
        raise NotAllowed(_("Only they themselves or their team lead can change this."))
    open_stretch = DutyLog.objects.filter(agent=locked, until=None).first()
    if open_stretch is not None and open_stretch.state == state:
        return open_stretch
    moment = at if open_stretch is None else max(at, open_stretch.since)
    before = locked.duty_state
    if open_stretch is not None:
        DutyLog.objects.filter(pk=open_stretch.pk).update(until=moment)
    stretch = DutyLog.objects.create(agent=locked, state=state, reason=reason, since=moment)
    locked.duty_state = state
    locked.duty_since = moment
    locked.save(update_fields=["duty_state", "duty_since"])
    announce(
        DutyChanged(
            subject_id=locked.pk,
            user_id=locked.user_id,
            before=before,
            after=state,
            # a code may stand in the event, somebody's own words only in its detail
            reason=reason if CODE.match(reason) else "",
        ),
        actor=actor,
        at=at,
        detail={"reason": reason} if reason else None,
    )
    return stretch


def _is_own(agent: Agent, actor: Actor) -> bool:
    return actor.is_staff and actor.id == agent.user_id


def _leads(agent: Agent, actor: Actor) -> bool:
    if actor.is_system:
        return True
    return actor.is_staff and (
        agent.teams.filter(lead_id=actor.id).exists()
        or holds_role(actor, Role.SUPERVISOR, Role.ADMINISTRATOR)
    )


def note_assignment(*, user_id: int, at: datetime) -> None:
    """Remember when somebody last got work, so that the next goes to who waited longest; never back in
    time."""
    Agent.objects.filter(Q(last_assigned_at=None) | Q(last_assigned_at__lt=at), user_id=user_id).update(
        last_assigned_at=at
    )
