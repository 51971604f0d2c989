"""Who may read which threads and messages."""

from typing import Any, Self

from django.db.models import QuerySet

from core.actors import Actor


class ThreadQuerySet(QuerySet[Any]):
    def visible_to(self, viewer: Actor) -> Self:
        """A customer's own threads, a visitor's one, all for staff who see all. An agent reaches a thread
        through the ticket it belongs to, whose own rule decides."""
        if viewer.is_system or (viewer.is_staff and viewer.sees_all):
            return self
        if viewer.kind == "customer":
            return self.filter(customer_id=viewer.id)
        if viewer.kind == "visitor":
            return self.filter(pk=viewer.id)
        return self.none()


class MessageQuerySet(QuerySet[Any]):
    def visible_to(self, viewer: Actor) -> Self:
        """The messages of the threads that the viewer may read."""
        if viewer.is_system or (viewer.is_staff and viewer.sees_all):
            return self
        if viewer.kind == "customer":
            return self.filter(thread__customer_id=viewer.id)
        if viewer.kind == "visitor":
            return self.filter(thread_id=viewer.id)
        return self.none()
