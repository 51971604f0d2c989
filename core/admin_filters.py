"""Filters that unfold does not have."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from unfold.contrib.filters.admin import RangeDateFilter


class DaysFilter(RangeDateFilter):
    """A moment by days of the reader's calendar, both included; what is no day is left aside."""

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        name = self.field_path
        start = _midnight(self.used_parameters.get(f"{name}_from"))
        end = _midnight(self.used_parameters.get(f"{name}_to"), days=1)
        if start is not None:
            queryset = queryset.filter(**{f"{name}__gte": start})
        if end is not None:
            queryset = queryset.filter(**{f"{name}__lt": end})
        return queryset


def _midnight(text: object, *, days: int = 0) -> datetime | None:
    try:
        day = parse_date(str(text or "").replace("/", "-"))
        return (
            timezone.make_aware(datetime.combine(day + timedelta(days=days), datetime.min.time()))
            if day
            else None
        )
    except (ValueError, OverflowError):
        return None
