"""Following up bad ratings: somebody else than the rated agent, within a day."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.enums import Role, UserKind
from accounts.models import User
from accounts.services.people import holds_role
from core.actors import SYSTEM, Actor
from core.db import lock_name, lock_rows
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.events import announce
from core.services.timers import cancel_timer, set_timer
from surveys import rules
from surveys.enums import OPEN_STATES, FollowUpState, Polarity
from surveys.events import FollowUpAssigned, FollowUpEscalated, FollowUpMoved, FollowUpOpened
from surveys.models import BadRatingFollowUp, ReasonTag, SurveyResponse
from surveys.querysets import AFTERCARE

TIMER = "surveys.follow_up_open"


def open_follow_up(*, response: SurveyResponse, actor: Actor, at: datetime) -> BadRatingFollowUp:
    """Make the task for a response, in its transaction: owned by the member of an aftercare team with the
    fewest open follow-ups, else by a lead or supervisor, never by the rated agent; by nobody when there is
    nobody (supervisors see it). Timers escalate it at half, five sixths and all of its time."""
    invitation = response.invitation
    hours = invitation.survey.follow_up_hours
    owner = _choose_owner(rated_agent_id=invitation.rated_agent_id)
    follow_up = BadRatingFollowUp.objects.create(
        response=response,
        ticket_id=invitation.ticket_id,
        rated_agent_id=invitation.rated_agent_id,
        owner=owner,
        due_at=at + timedelta(hours=hours),
        created_at=at,
        reason=response.reasons.filter(polarity=Polarity.BAD).first(),
    )
    for step, moment in enumerate(rules.reminder_times(at, hours), start=1):
        set_timer(
            TIMER,
            subject_id=follow_up.pk,
            due_at=moment,
            dedupe=_timer_key(follow_up.pk, step),
            data={"step": step},
        )
    announce(
        FollowUpOpened(
            subject_id=follow_up.ticket_id,
            follow_up_id=follow_up.pk,
            owner_id=owner.pk if owner else None,
        ),
        actor=actor,
        at=at,
    )
    return follow_up


def _choose_owner(*, rated_agent_id: int | None) -> User | None:
    # two ratings at one moment must not both see the same shortest list
    lock_name("surveys.follow_up_owner")
    people = User.objects.filter(is_active=True, kind=UserKind.STAFF)
    if rated_agent_id is not None:
        people = people.exclude(pk=rated_agent_id)
    aftercare = people.filter(agent__teams__purpose=AFTERCARE)
    leads = people.filter(Q(leads__isnull=False) | Q(groups__name__in=[Role.LEAD, Role.SUPERVISOR]))
    return _least_busy(aftercare) or _least_busy(leads)


def _least_busy(people: QuerySet[User]) -> User | None:
    """Fewest open follow-ups; then who waited longest for one; then who waited longest for any work."""
    theirs = BadRatingFollowUp.objects.filter(owner=OuterRef("pk")).order_by()
    open_ones = theirs.filter(state__in=OPEN_STATES).values("owner").annotate(n=Count("pk")).values("n")
    return (
        User.objects.filter(pk__in=people.order_by().values("pk"))
        .annotate(
            open_follow_ups=Coalesce(Subquery(open_ones), 0),
            last_follow_up=Subquery(theirs.order_by("-created_at").values("created_at")[:1]),
        )
        .order_by(
            "open_follow_ups",
            F("last_follow_up").asc(nulls_first=True),
            F("agent__last_assigned_at").asc(nulls_first=True),
            "pk",
        )
        .first()
    )


@transaction.atomic
def take_follow_up(*, follow_up: BadRatingFollowUp, actor: Actor, at: datetime) -> BadRatingFollowUp:
    """Make it one's own: one that has no owner, or (for supervisors) anybody's. Taking it twice changes
    nothing. Raises NotVisible, NotAllowed for the rated agent, Conflict when it has another owner or is
    finished."""
    locked = _locked(follow_up, actor)
    if actor.id == locked.rated_agent_id:
        raise NotAllowed(_("Somebody else than the rated colleague follows up."), code="rated_agent")
    if locked.owner_id == actor.id:
        return locked
    _require_open(locked)
    if locked.owner_id is not None and not actor.sees_all:
        raise Conflict(_("A colleague has taken this one."), code="taken")
    return _own(locked, actor.id, actor=actor, at=at)


@transaction.atomic
def assign_follow_up(
    *, follow_up: BadRatingFollowUp, owner: User, actor: Actor, at: datetime
) -> BadRatingFollowUp:
    """Give it to somebody: done by leads and supervisors. Raises NotVisible, NotAllowed, InvalidInput
    (`owner`: the rated agent, no staff), Conflict when it is finished."""
    if not (actor.is_system or holds_role(actor, Role.LEAD, Role.SUPERVISOR, Role.ADMINISTRATOR)):
        raise NotAllowed(_("Team leads and supervisors assign follow-ups."))
    locked = _locked(follow_up, actor)
    if owner.pk == locked.rated_agent_id:
        message = _("Somebody else than the rated colleague follows up.")
        raise InvalidInput(message, code="rated_agent", fields={"owner": [message]})
    if owner.kind != UserKind.STAFF or not owner.is_active:
        message = _("Choose a member of staff.")
        raise InvalidInput(message, code="no_staff", fields={"owner": [message]})
    if locked.owner_id == owner.pk:
        return locked
    _require_open(locked)
    return _own(locked, owner.pk, actor=actor, at=at)


@transaction.atomic
def move_follow_up(
    *,
    follow_up: BadRatingFollowUp,
    state: str,
    action: str = "",
    reason: ReasonTag | None = None,
    re_rating: int | None = None,
    actor: Actor,
    at: datetime,
) -> BadRatingFollowUp:
    """Bring it to a state of the table in surveys.rules. Finishing needs `action`, what was done. The state
    it already has changes nothing. Raises NotVisible, NotAllowed for anybody but the owner and those who see
    all, InvalidInput (`state`, `action`, `re_rating`), Conflict (`illegal_transition`, with what is
    allowed)."""
    if state not in FollowUpState.values:
        raise InvalidInput(fields={"state": [_("There is no such state.")]})
    if re_rating is not None and not 1 <= re_rating <= 5:
        raise InvalidInput(fields={"re_rating": [_("Choose a number from 1 to 5.")]})
    locked = _locked(follow_up, actor)
    if not (actor.is_system or actor.sees_all or locked.owner_id == actor.id):
        raise NotAllowed(_("Take it first: only its owner moves a follow-up."))
    before = locked.state
    if before == state:
        return locked
    if not rules.may_move(before, state):
        raise Conflict(
            _("A follow-up cannot go from “%(before)s” to “%(after)s”.")
            % {"before": FollowUpState(before).label, "after": FollowUpState(state).label},
            code="illegal_transition",
            extra={"status": before, "asked": state, "allowed": sorted(rules.MOVES[before])},
        )
    action = action.strip()
    if state in rules.FINISHED and not action:
        message = _("Say what was done.")
        raise InvalidInput(message, code="action_needed", fields={"action": [message]})
    locked.state = state
    if action:
        locked.action = action
    if reason is not None:
        locked.reason = reason
    if re_rating is not None:
        locked.re_rating = re_rating
    if state == FollowUpState.CONTACTED and locked.first_contact_at is None:
        locked.first_contact_at = at
    if state in rules.FINISHED:
        locked.finished_at = at
        for step in range(1, len(rules.REMINDERS) + 1):
            cancel_timer(_timer_key(locked.pk, step))
    locked.save(update_fields=["state", "action", "reason", "re_rating", "first_contact_at", "finished_at"])
    announce(
        FollowUpMoved(subject_id=locked.ticket_id, follow_up_id=locked.pk, before=before, after=state),
        actor=actor,
        at=at,
        detail={"action": action} if action else None,
    )
    return locked


@transaction.atomic
def escalate_follow_up(*, follow_up_id: int, step: int, at: datetime) -> bool:
    """A share of its time is over and it is still open: say so; whether it was. One without an owner is
    tried again."""
    rows = BadRatingFollowUp.objects.filter(pk=follow_up_id, state__in=OPEN_STATES)
    locked: BadRatingFollowUp | None = lock_rows(rows).first()
    if locked is None:
        return False
    if locked.owner_id is None:
        owner = _choose_owner(rated_agent_id=locked.rated_agent_id)
        if owner is not None:
            _own(locked, owner.pk, actor=SYSTEM, at=at)
    announce(
        FollowUpEscalated(
            subject_id=locked.ticket_id, follow_up_id=locked.pk, step=step, owner_id=locked.owner_id
        ),
        actor=SYSTEM,
        at=at,
    )
    return True


def _locked(follow_up: BadRatingFollowUp, actor: Actor) -> BadRatingFollowUp:
    rows = BadRatingFollowUp.objects.visible_to(actor).filter(pk=follow_up.pk)
    found: BadRatingFollowUp | None = lock_rows(rows).first()
    if found is None:
        raise NotVisible()
    return found


def _require_open(follow_up: BadRatingFollowUp) -> None:
    if follow_up.state not in OPEN_STATES:
        raise Conflict(_("This follow-up is finished."), code="finished", extra={"allowed": []})


def _own(
    follow_up: BadRatingFollowUp, owner_id: int | None, *, actor: Actor, at: datetime
) -> BadRatingFollowUp:
    before = follow_up.owner_id
    follow_up.owner_id = owner_id
    follow_up.save(update_fields=["owner"])
    announce(
        FollowUpAssigned(
            subject_id=follow_up.ticket_id, follow_up_id=follow_up.pk, before=before, after=owner_id
        ),
        actor=actor,
        at=at,
    )
    return follow_up


def _timer_key(follow_up_id: int, step: int) -> str:
    return f"{TIMER}:{follow_up_id}:{step}"
