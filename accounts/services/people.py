"""Who a member of staff is to the rest of the product."""

from functools import cache
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.enums import SEES_ALL, UserKind
from accounts.models import Agent, Notice, Team, User
from core.actors import Actor
from core.db import JsonRows
from core.errors import NotAllowed

_CACHE = "_staff_actor"


def with_duties(users: QuerySet[User]) -> QuerySet[User]:
    """The users with their agent, the teams they work in and lead, whether a role lets them see all and whether a
    notice waits: every request of staff asks, and this way in the statement that reads the user."""
    return users.select_related("agent").annotate(**_duties())


@cache
def _duties() -> dict[str, Any]:
    """Built once: Django copies an expression where it uses it."""
    works_in = Agent.teams.through.objects.filter(agent__user_id=OuterRef("pk"))
    oversees = User.groups.through.objects.filter(user_id=OuterRef("pk"), group__name__in=SEES_ALL)
    return {
        "in_teams": JsonRows(works_in, team_number="team_id"),
        "leads_teams": JsonRows(Team.objects.filter(lead_id=OuterRef("pk")).order_by(), team_number="pk"),
        "in_overseeing_role": Exists(oversees),
        "has_notices": Exists(Notice.objects.filter(recipient_id=OuterRef("pk"), read_at=None)),
    }


def staff_actor(user: User | AnonymousUser) -> Actor:
    """The actor of a member of staff: `scopes` are the ids of the teams they work in or lead, `sees_all` comes from
    their groups (accounts.enums.SEES_ALL) or from being superuser. No query for a user read `with_duties` (every
    session's), else one; kept on the instance: whoever changes teams or groups reads the user anew. Raises NotAllowed
    for customers, anonymous and inactive users."""
    if not isinstance(user, User) or user.kind != UserKind.STAFF or not user.is_active:
        raise NotAllowed(_("This page is for staff."), code="staff_only")
    known = user.__dict__.get(_CACHE)
    if isinstance(known, Actor):
        return known
    # a request's user is lazy: what it holds is asked for by name, not in its __dict__
    read: Any = user if hasattr(user, "in_teams") else with_duties(User.objects.filter(pk=user.pk)).get()
    actor = Actor(
        kind="staff",
        id=user.pk,
        name=user.get_full_name(),
        scopes=frozenset(
            row["team_number"] for rows in (read.in_teams, read.leads_teams) for row in rows or ()
        ),
        sees_all=user.is_superuser or read.in_overseeing_role,
    )
    user.__dict__[_CACHE] = actor
    return actor


def holds_role(actor: Actor, *roles: str) -> bool:
    """Whether a member of staff is in one of these groups now, or superuser. One query."""
    if not actor.is_staff or actor.id is None:
        return False
    people = User.objects.filter(pk=actor.id, is_active=True, kind=UserKind.STAFF)
    return people.filter(Q(is_superuser=True) | Q(groups__name__in=roles)).exists()
