"""Which sections a ticket's page has: written by the verbs that give a ticket something beside its conversation."""

from django.db import transaction

from core.db import lock_rows
from tickets.models import Ticket


@transaction.atomic
def show(*, ticket_id: int, code: str) -> None:
    """The ticket has something for this section (tickets.sections.Section.code). Twice is once."""
    _set(ticket_id, code, there=True)


@transaction.atomic
def hide(*, ticket_id: int, code: str) -> None:
    """Nothing is left for this section."""
    _set(ticket_id, code, there=False)


def _set(ticket_id: int, code: str, *, there: bool) -> None:
    # under the row's lock: two verbs may give one ticket two things at once
    row = lock_rows(Ticket.objects.filter(pk=ticket_id)).only("sections").get()
    if (code in row.sections) == there:
        return
    row.sections = sorted({*row.sections, code} if there else {*row.sections} - {code})
    row.save(update_fields=["sections"])
