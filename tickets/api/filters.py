"""How lists of tickets are narrowed."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from core import clock
from customers.enums import Level
from tickets.enums import ACTIVE, Grade, Status
from tickets.models import Ticket
from tickets.querysets import is_overdue


class CodesIn(django_filters.BaseInFilter, django_filters.ChoiceFilter):
    """Several codes with commas."""


class TicketFilter(django_filters.FilterSet):
    """?status=open,new&grade=major&level=gold&queue=3&assignee=7&unassigned=true&overdue=true. Only this narrows;
    who may see what was decided before."""

    status = CodesIn(choices=Status.choices)
    grade = CodesIn(choices=Grade.choices)
    level = CodesIn(choices=Level.choices)
    queue = django_filters.NumberFilter(field_name="queue_id", min_value=0, max_value=2**63 - 1)
    assignee = django_filters.NumberFilter(field_name="assignee_id", min_value=0, max_value=2**63 - 1)
    unassigned = django_filters.BooleanFilter(field_name="assignee", lookup_expr="isnull")
    overdue = django_filters.BooleanFilter(method="by_deadline")

    class Meta:
        model = Ticket
        fields: list[str] = []

    def by_deadline(self, rows: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        late = is_overdue(clock.now())
        active = {"status__in": ACTIVE}
        return rows.filter(late, **active) if value else rows.exclude(late, **active)
