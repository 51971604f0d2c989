"""Who a member of staff is to the rest of the product."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import BigIntegerField, Q, Value
from django.utils.translation import gettext_lazy as _

from accounts.enums import SEES_ALL, UserKind
from accounts.models import Team, User
from core.actors import Actor
from core.errors import NotAllowed

_CACHE = "_staff_actor"


def staff_actor(user: User | AnonymousUser) -> Actor:
    """The actor of a member of staff: `scopes` are the ids of the teams they work in or lead, `sees_all`
    comes from their groups (accounts.enums.SEES_ALL) or from being superuser. One query, kept on the
    instance: whoever changes teams or groups reads the user anew. Raises NotAllowed for customers, anonymous
    and inactive users."""
    if not isinstance(user, User) or user.kind != UserKind.STAFF or not user.is_active:
        raise NotAllowed(_("This page is for staff."), code="staff_only")
    known = user.__dict__.get(_CACHE)
    if isinstance(known, Actor):
        return known
    teams = Team.objects.filter(Q(agents__user_id=user.pk) | Q(lead_id=user.pk)).order_by()
    # both in one statement, for every request of staff asks: no team has the number 0
    groups = user.groups.filter(name__in=SEES_ALL).order_by()
    all_teams = groups.values_list(Value(0, output_field=BigIntegerField()))
    found = {number for (number,) in teams.values_list("pk").union(all_teams)}
    actor = Actor(
        kind="staff",
        id=user.pk,
        name=user.get_full_name(),
        scopes=frozenset(found - {0}),
        sees_all=user.is_superuser or 0 in found,
    )
    user.__dict__[_CACHE] = actor
    return actor


def holds_role(actor: Actor, *roles: str) -> bool:
    """Whether a member of staff is in one of these groups now, or superuser. One query."""
    if not actor.is_staff or actor.id is None:
        return False
    people = User.objects.filter(pk=actor.id, is_active=True, kind=UserKind.STAFF)
    return people.filter(Q(is_superuser=True) | Q(groups__name__in=roles)).exists()
