"""The rows that the demo's past becomes, with their numbers, written in sets."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from typing import Any

from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.models import Max

from channels_hub.models import Conversation, Message, Thread
from core.db import on_postgresql
from core.models import Event, EventCursor, EventDetail, Timer
from core.search import index_rows
from surveys.models import BadRatingFollowUp, SurveyInvitation, SurveyResponse
from tickets.models import (
    Assignment,
    Clock,
    Note,
    Ticket,
    TicketEntry,
    TicketSearchEntry,
    TierHop,
)

REASONS = SurveyResponse.reasons.through
#: in the order in which rows point at each other
TABLES: list[type[models.Model]] = [
    Thread,
    Conversation,
    Message,
    Ticket,
    Note,
    Event,
    EventDetail,
    Assignment,
    TierHop,
    TicketEntry,
    Clock,
    SurveyInvitation,
    SurveyResponse,
    REASONS,
    BadRatingFollowUp,
    Timer,
]
#: fields whose value the drivers take as it is
PLAIN = (models.CharField, models.TextField, models.IntegerField, models.ForeignKey, models.BooleanField)


def insert(table: type[models.Model], rows: Iterable[models.Model]) -> None:
    """`bulk_create` without its cost for each value: COPY on PostgreSQL, one prepared statement on SQLite. The rows
    have their numbers; defaults were filled in when they were made."""
    fields = table._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    read = attrgetter(*(field.attname for field in fields))
    prepared = [
        (place, _preparer(field)) for place, field in enumerate(fields) if not isinstance(field, PLAIN)
    ]

    def values(row: models.Model) -> list[Any]:
        found = list(read(row))
        for place, prepare in prepared:
            if found[place] is not None:
                found[place] = prepare(found[place])
        return found

    name = table._meta.db_table
    with connection.cursor() as cursor:
        if on_postgresql():
            with cursor.copy(f'COPY "{name}" ({columns}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(values(row))
            return
        marks = ", ".join("%s" for _ in fields)
        cursor.executemany(
            f'INSERT INTO "{name}" ({columns}) VALUES ({marks})',  # noqa: S608  names of tables and columns of models
            [values(row) for row in rows],
        )


def _preparer(field: Any) -> Callable[[Any], Any]:
    # the connection itself: the proxy looks it up again for each value
    return partial(field.get_db_prep_save, connection=connections[DEFAULT_DB_ALIAS])


class Ledger:
    """Rows of the past, numbered at once and written in sets: rows that others point at get their numbers when they are
    made, events theirs in order of time when the set is written."""

    def __init__(self) -> None:
        self._last: dict[type[models.Model], int] = {
            table: table._default_manager.aggregate(last=Max("pk"))["last"] or 0 for table in TABLES
        }
        self._rows: dict[type[models.Model], list[Any]] = defaultdict(list)
        self._entries: list[tuple[TicketEntry, Event]] = []
        self._details: list[tuple[EventDetail, Event]] = []
        self._search: list[TicketSearchEntry] = []

    def add(self, row: Any) -> Any:
        """Keep a row for writing, with its number."""
        table = type(row)
        row.pk = self._last[table] = self._last[table] + 1
        self._rows[table].append(row)
        return row

    def add_event(self, event: Event, detail: EventDetail | None, entry: TicketEntry | None) -> None:
        """Keep an event, with what points at it."""
        self._rows[Event].append(event)
        if detail is not None:
            self._details.append((self.add(detail), event))
        if entry is not None:
            self._entries.append((self.add(entry), event))

    def add_search(self, row: TicketSearchEntry) -> None:
        """Keep a row of the search index."""
        self._search.append(row)

    @transaction.atomic
    def write(self) -> None:
        """Write what was kept, and forget it."""
        events = self._rows[Event]
        events.sort(key=lambda event: event.at)
        for number, event in enumerate(events, self._last[Event] + 1):
            event.pk = number
        self._last[Event] += len(events)
        for pointing, event in (*self._entries, *self._details):
            pointing.event_id = event.pk
        for table in TABLES:
            if rows := self._rows[table]:
                insert(table, rows)
        index_rows(TicketSearchEntry, self._search, key=["ticket"])
        self._rows.clear()
        self._entries.clear()
        self._details.clear()
        self._search.clear()

    @transaction.atomic
    def close(self) -> None:
        """Let the database number on from here, and let nobody be told of what is long past."""
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), TABLES):
                cursor.execute(statement)
        last = Event.objects.order_by("-txid", "-pk").values_list("txid", "pk").first()
        if last is not None:
            EventCursor.objects.update_or_create(
                name="fan-out", defaults={"txid": last[0], "event_id": last[1]}
            )
