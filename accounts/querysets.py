"""Which notices whom concern."""

from typing import Any, Self

from django.db.models import QuerySet

from core.actors import Actor


class NoticeQuerySet(QuerySet[Any]):
    def visible_to(self, viewer: Actor) -> Self:
        """One's own; supervisors and quality see who was told of what (only the recipient marks it as read)."""
        if viewer.kind == "system" or (viewer.is_staff and viewer.sees_all):
            return self
        return self.of(viewer)

    def of(self, viewer: Actor) -> Self:
        """One's own."""
        return self.filter(recipient_id=viewer.id) if viewer.is_staff else self.none()

    def unread(self) -> Self:
        return self.filter(read_at=None)
