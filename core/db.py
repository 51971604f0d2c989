"""The one seam where SQLite and PostgreSQL differ."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.expressions import F, RawSQL, Subquery

Q = TypeVar("Q", bound="models.QuerySet[Any]")


def on_postgresql() -> bool:
    """Whether the default database is PostgreSQL (else SQLite)."""
    return connection.vendor == "postgresql"


def lock_rows(rows: Q, *, skip_locked: bool = False, of: Sequence[str] = ("self",)) -> Q:
    """Lock the rows for this transaction. On SQLite the IMMEDIATE transaction already holds the only write
    lock."""
    if not on_postgresql():
        return rows
    # NO KEY: whoever writes a row that points here (a foreign key is checked with KEY SHARE) need not wait for us
    return rows.select_for_update(skip_locked=skip_locked, of=of, no_key=True)


def lock_name(name: str) -> None:
    """Hold a name until the transaction ends: serialises what has no row to lock yet (two requests that
    would both create it). On SQLite the IMMEDIATE transaction already is the only writer."""
    if on_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def horizon() -> int | None:
    """The oldest transaction that may still write: readers of the event table stay below it. None on SQLite,
    where a row is visible only once every earlier one is."""
    if not on_postgresql():
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return cursor.fetchone()[0]


def below_horizon(rows: Q) -> Q:
    """The events that no running transaction can still come before, in the statement that reads them."""
    if not on_postgresql():
        return rows
    edge = RawSQL("(SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint)", [])
    return rows.filter(txid__lt=edge)


def next_id(model: type[models.Model]) -> int:
    """Draw a row's id before the row exists, so that a reference built from it needs no second write. Call
    inside the transaction that inserts the row."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if on_postgresql():
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
            return cursor.fetchone()[0]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row: Any = cursor.fetchone()
        return (row[0] if row else 0) + 1


class JsonRows(Subquery):
    """Rows of another table as a list of dicts in one column, so that a page asks once for a row and its few
    companions: `annotate(last=JsonRows(rows, said="body"))` with rows that refer to OuterRef; key → field. Keys must
    not be names of the model's fields. Times come as text (django.utils.dateparse); nothing found is None or []."""

    def __init__(self, rows: models.QuerySet[Any], **fields: str) -> None:
        self.names = tuple(fields)
        super().__init__(
            rows.values(**{name: F(path) for name, path in fields.items()}), output_field=models.JSONField()
        )

    def as_sql(self, compiler: Any, connection: Any, template: str | None = None, **context: Any) -> Any:
        if connection.vendor == "postgresql":
            chosen = "jsonb_agg(to_jsonb(_row))"
        else:
            pairs = ", ".join(f"'{name}', _row.\"{name}\"" for name in self.names)
            chosen = f"json_group_array(json_object({pairs}))"
        # only names of our own keys go into the text
        template = f"(SELECT {chosen} FROM (%(subquery)s) _row)"  # noqa: S608
        return super().as_sql(compiler, connection, template=template, **context)
