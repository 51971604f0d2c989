"""Who must hear of a ticket: the ladder of responsibility, and everybody who may see it."""

from collections.abc import Callable

from django.db.models import Q, QuerySet

from accounts.enums import SEES_ALL, Role, UserKind
from accounts.models import User
from tickets.models import Ticket


def people_on_step(ticket: Ticket, step: str) -> list[int]:
    """The users (ids) on a step of the escalation ladder (EscalationStep.recipient): the assignee, the lead of the
    queue's team, the supervisors, the administrators. A step that nobody stands on falls to the next one up; above the
    last one stand superusers, and when there is nobody at all, whoever stands highest below."""
    start = STEPS.index(step) if step in STEPS else 0
    for name in (*STEPS[start:], *reversed(STEPS[:start])):
        found = _WHO[name](ticket)
        if found:
            return found
    return []


def lead_and_supervisors(ticket: Ticket) -> list[int]:
    """The lead of the queue's team and everybody who supervises, or who stands in for them."""
    return sorted({*people_on_step(ticket, "lead"), *people_on_step(ticket, "manager")})


def may_see(ticket: Ticket) -> "QuerySet[User]":
    """Active staff to whom the ticket is visible: TicketQuerySet.visible_to from the other side."""
    rule = Q(is_superuser=True) | Q(pk__in=[ticket.assignee_id or 0, ticket.steward_id or 0])
    rule |= Q(pk__in=User.objects.filter(groups__name__in=SEES_ALL).order_by().values("pk"))
    if ticket.queue_id is not None:
        team = Q(agent__teams__queues=ticket.queue_id) | Q(leads__queues=ticket.queue_id)
        rule |= Q(pk__in=User.objects.filter(team).order_by().values("pk"))
    return _staff().filter(rule)


def _staff() -> "QuerySet[User]":
    return User.objects.filter(kind=UserKind.STAFF, is_active=True)


def _ids(people: "QuerySet[User]") -> list[int]:
    return list(people.order_by("pk").values_list("pk", flat=True).distinct())


def _owner(ticket: Ticket) -> list[int]:
    return _ids(_staff().filter(pk=ticket.assignee_id)) if ticket.assignee_id else []


def _lead(ticket: Ticket) -> list[int]:
    return _ids(_staff().filter(leads__queues=ticket.queue_id)) if ticket.queue_id else []


def _in_role(role: str) -> Callable[[Ticket], list[int]]:
    return lambda ticket: _ids(_staff().filter(groups__name=role))


def _superusers(ticket: Ticket) -> list[int]:
    return _ids(_staff().filter(is_superuser=True))


_WHO: dict[str, Callable[[Ticket], list[int]]] = {
    "owner": _owner,
    "lead": _lead,
    "manager": _in_role(Role.SUPERVISOR),
    "director": _in_role(Role.ADMINISTRATOR),
    "superuser": _superusers,
}
#: from the bottom to the top
STEPS = tuple(_WHO)
