"""Who may read which customers and devices."""

from typing import Any, Self

from django.db.models import QuerySet

from core.actors import Actor


class CustomerQuerySet(QuerySet[Any]):
    def visible_to(self, viewer: Actor) -> Self:
        """Staff see all (masked on the page), customers themselves, nobody else anything."""
        if viewer.is_staff or viewer.is_system:
            return self
        if viewer.kind == "customer":
            return self.filter(pk=viewer.id)
        return self.none()


class DeviceQuerySet(QuerySet[Any]):
    def visible_to(self, viewer: Actor) -> Self:
        """Staff see all, customers their own."""
        if viewer.is_staff or viewer.is_system:
            return self
        if viewer.kind == "customer":
            return self.filter(customer_id=viewer.id)
        return self.none()
