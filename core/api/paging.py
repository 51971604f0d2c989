"""How lists are paged: by cursor, so that page 2,000 costs what page 1 costs and nobody counts a million rows."""

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Newest first; `page_size` up to 100. A cursor that was not made here is a complaint about `cursor`."""

    ordering: str | tuple[str, ...] = ("-created_at", "-id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 100

    def decode_cursor(self, request: Request) -> Any:
        try:
            cursor = super().decode_cursor(request)
        except NotFound as error:
            raise self._refusal() from error
        if cursor is not None and cursor.position is not None and not self._is_position(str(cursor.position)):
            raise self._refusal()
        return cursor

    def _refusal(self) -> ValidationError:
        return ValidationError({self.cursor_query_param: [_("This page does not exist.")]})

    def _is_position(self, text: str) -> bool:
        """Whether the cursor points at a value of the first column of the order: a moment, or a number."""
        column = self.ordering[0] if isinstance(self.ordering, tuple) else self.ordering
        if column.lstrip("-") == "id":
            return text.isdigit() and len(text) < 19
        try:
            return parse_datetime(text) is not None
        except ValueError:
            return False


class ByNumber(NewestFirst):
    """The newest number first."""

    ordering = ("-id",)
