"""Full-text candidates on both databases: the second seam beside core.db.

An index table is a model with text columns `title`, `body` and `pinyin`, each a string of tokens with spaces
between them (core.tokens). On PostgreSQL a generated `tsv` column with a GIN index stands beside them
(weights A title, B body, D pinyin), on SQLite an FTS5 table follows by triggers: every write through the ORM,
and every cascade, keeps the index right in the same transaction.

Set up, in a migration of the table's app that depends on the one that creates the table:

    from core.search import install

    class Migration(migrations.Migration):
        dependencies = [("tickets", "0001_initial")]
        operations = [install("tickets", "TicketSearchEntry")]

SQLite rebuilds a table when a later migration alters it, and its triggers go with the old one: repeat
`install` after such a migration (it may run again and again).

Write:

    row = TicketSearchEntry(ticket=ticket, title=" ".join(tokens(subject)), body=…, pinyin=…)
    index_rows(TicketSearchEntry, [row], key=["ticket"])

Read:

    mine = TicketSearchEntry.objects.filter(ticket__in=Ticket.objects.visible_to(viewer))
    candidates(TicketSearchEntry, tokens("网关离线"), match="all", value="ticket_id", within=mine, limit=50)

The backend only yields candidates; who ranks finely does so above.
"""

# Statements are put together from table and column names of models; what people type travels as a parameter:
# ruff: noqa: S608

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.apps.registry import Apps
from django.core.exceptions import EmptyResultSet
from django.db import connection, migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.expressions import RawSQL

from core.db import on_postgresql

Group = str | Sequence[str]
Match = Literal["any", "all"]

MOST_GROUPS = 32
MOST_ALTERNATIVES = 24
LONGEST_LEXEME = 200
# PostgreSQL refuses a tsvector over 1 MB: what one column may bring, in bytes
MOST_BYTES = {"title": 20_000, "body": 300_000, "pinyin": 150_000}
# how many matches of a common word are ranked; beyond that the newest are taken
MOST_RANKED = 2_000

_FUNCTION = r"""
CREATE OR REPLACE FUNCTION core_tokens(words text, weight text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
    SELECT coalesce(string_agg(
        '''' || replace(replace(word, '\', '\\'), '''', '''''') || ''':' || least(place, 16383) || weight, ' '
    ), '')::tsvector
    FROM unnest(string_to_array(words, ' ')) WITH ORDINALITY AS listed(word, place)
    WHERE word <> ''
$body$
"""


def install(app_label: str, model_name: str) -> migrations.RunPython:
    """The migration operation that gives an index table its full-text structure, and takes it away again."""

    def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        table = apps.get_model(app_label, model_name)._meta.db_table
        for statement in _install(table, schema_editor.connection.vendor):
            # params=None: a % in the statement is itself
            schema_editor.execute(statement, params=None)

    def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        table = apps.get_model(app_label, model_name)._meta.db_table
        for statement in _remove(table, schema_editor.connection.vendor):
            schema_editor.execute(statement, params=None)

    return migrations.RunPython(forwards, backwards)


def _install(table: str, vendor: str) -> list[str]:
    if vendor == "postgresql":
        return [
            _FUNCTION,
            f'ALTER TABLE "{table}" ADD COLUMN IF NOT EXISTS tsv tsvector GENERATED ALWAYS AS '
            "(core_tokens(title, 'A') || core_tokens(body, 'B') || core_tokens(pinyin, 'D')) STORED",
            f'CREATE INDEX IF NOT EXISTS "{table}_tsv" ON "{table}" USING gin (tsv)',
        ]
    columns = "title, body, pinyin"
    new, old = "new.title, new.body, new.pinyin", "old.title, old.body, old.pinyin"
    add = f'INSERT INTO "{table}_fts"(rowid, {columns}) VALUES (new.id, {new});'
    drop = f"""INSERT INTO "{table}_fts"("{table}_fts", rowid, {columns}) VALUES ('delete', old.id, {old});"""
    return [
        *_remove(table, vendor),
        f'CREATE VIRTUAL TABLE "{table}_fts" USING fts5({columns}, content="{table}", content_rowid="id", '
        "tokenize=\"unicode61 remove_diacritics 0 tokenchars '.'\")",
        f'CREATE TRIGGER "{table}_fts_add" AFTER INSERT ON "{table}" BEGIN {add} END',
        f'CREATE TRIGGER "{table}_fts_drop" AFTER DELETE ON "{table}" BEGIN {drop} END',
        f'CREATE TRIGGER "{table}_fts_change" AFTER UPDATE ON "{table}" BEGIN {drop} {add} END',
        f"""INSERT INTO "{table}_fts"("{table}_fts") VALUES ('rebuild')""",
    ]


def _remove(table: str, vendor: str) -> list[str]:
    if vendor == "postgresql":
        return [f'ALTER TABLE "{table}" DROP COLUMN IF EXISTS tsv']
    return [
        *(f'DROP TRIGGER IF EXISTS "{table}_fts_{name}"' for name in ("add", "drop", "change")),
        f'DROP TABLE IF EXISTS "{table}_fts"',
    ]


def index_rows(model: type[models.Model], rows: Iterable[Any], *, key: Sequence[str]) -> int:
    """Insert or replace rows of an index table, found again by the unique fields in `key`. Over-long columns
    are cut at a token's end. Returns how many rows were written."""
    ready = []
    for row in rows:
        for column, most in MOST_BYTES.items():
            setattr(row, column, _cut(getattr(row, column) or "", most))
        ready.append(row)
    fields = [field.name for field in model._meta.concrete_fields if not field.primary_key]
    model._default_manager.bulk_create(
        ready,
        update_conflicts=True,
        unique_fields=list(key),
        update_fields=[name for name in fields if name not in key],
        batch_size=500,
    )
    return len(ready)


def remove(model: type[models.Model], **where: Any) -> int:
    """Delete the rows of an index table that fit, e.g. `remove(SearchEntry, article_id__in=ids)`. Returns how
    many."""
    return model._default_manager.filter(**where).delete()[0]


def _cut(text: str, most: int) -> str:
    text = text.replace("\x00", "")
    if len(text) * 4 <= most:
        return text
    raw = text.encode()
    if len(raw) <= most:
        return text
    return raw[:most].decode(errors="ignore").rpartition(" ")[0]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that matches: `id` is the asked-for column's value, `rank` grows with the match (comparable
    within one call only)."""

    id: int
    rank: float


def candidates(
    model: type[models.Model],
    tokens: Sequence[Group],
    *,
    limit: int = 50,
    match: Match = "any",
    prefix: bool = False,
    value: str = "id",
    within: "models.QuerySet[Any] | None" = None,
) -> list[Candidate]:
    """Rows that hold any or all of the tokens, best first. A token may be a group of alternatives (synonyms),
    of which one is enough. `prefix`: the last token need only begin a word (suggestions while typing).
    `value`: the column whose value comes back. `within`: a queryset of the model that limits the rows.

    Tokens are data: quotes and operators in them mean nothing. Matching comes first and ranking after: `tsv
    @@ q ORDER BY id LIMIT n` would let PostgreSQL walk the primary key. When more than `MOST_RANKED` rows
    match, the newest are taken, which is what the primary key serves well for a common word (SQLite gives
    these no rank)."""
    groups = _groups(tokens)
    if not groups or limit < 1:
        return []
    table, column = model._meta.db_table, _column(model, value)
    try:
        clause, params = _clause(within)
    except EmptyResultSet:
        return []
    if on_postgresql():
        return _on_postgresql(table, column, _tsquery(groups, match, prefix), clause, params, limit)
    return _on_sqlite(table, column, _fts(groups, match, prefix), clause, params, limit)


def candidate_rows(
    model: type[models.Model],
    tokens: Sequence[Group],
    *,
    limit: int = 50,
    match: Match = "any",
    prefix: bool = False,
    within: "models.QuerySet[Any] | None" = None,
) -> "models.QuerySet[Any]":
    """`candidates` as a queryset of the model, in no order: one statement finds and reads them. For small
    tables (of more than `MOST_RANKED` matches any may be taken), whose rows are ranked above."""
    groups = _groups(tokens)
    if not groups or limit < 1:
        return model._default_manager.none()
    table = model._meta.db_table
    try:
        clause, params = _clause(within)
    except EmptyResultSet:
        return model._default_manager.none()
    if on_postgresql():
        query = _tsquery(groups, match, prefix)
        found = RawSQL(  # noqa: S611  (see above)
            _matched(table, "id", clause).replace("{wanted}", "id"), [query, *params, query, limit]
        )
    else:
        found = RawSQL(  # noqa: S611  (see above)
            _fts_rows(table, "entry.id", clause), [_fts(groups, match, prefix), *params, limit]
        )
    return model._default_manager.filter(pk__in=found)


def _column(model: type[models.Model], value: str) -> str:
    field = model._meta.get_field(value.removesuffix("_id"))
    if not isinstance(field, models.Field) or not field.column:
        raise LookupError(f"{model.__name__} has no column {value}")
    return field.column


def _groups(tokens: Sequence[Group]) -> list[list[str]]:
    found = []
    for token in tokens[:MOST_GROUPS]:
        alternatives = [token] if isinstance(token, str) else list(token)[:MOST_ALTERNATIVES]
        plain = [word.replace("\x00", "")[:LONGEST_LEXEME] for word in alternatives]
        if kept := [word for word in plain if any(letter.isalnum() for letter in word)]:
            found.append(kept)
    return found


def _clause(within: "models.QuerySet[Any] | None") -> tuple[str, tuple[Any, ...]]:
    if within is None:
        return "", ()
    sql, params = within.order_by().values("pk").query.sql_with_params()
    return f" AND entry.id IN ({sql})", tuple(params)


def _tsquery(groups: list[list[str]], match: str, prefix: bool) -> str:
    def lexeme(word: str, last: bool) -> str:
        quoted = word.replace("\\", "\\\\").replace("'", "''")
        return f"'{quoted}'{':*' if prefix and last else ''}"

    parts = [
        "(" + " | ".join(lexeme(word, place == len(groups) - 1) for word in group) + ")"
        for place, group in enumerate(groups)
    ]
    return (" & " if match == "all" else " | ").join(parts)


def _fts(groups: list[list[str]], match: str, prefix: bool) -> str:
    def phrase(word: str, last: bool) -> str:
        quoted = word.replace('"', '""')
        return f'"{quoted}"{" *" if prefix and last else ""}'

    parts = [
        "(" + " OR ".join(phrase(word, place == len(groups) - 1) for word in group) + ")"
        for place, group in enumerate(groups)
    ]
    return (" AND " if match == "all" else " OR ").join(parts)


_RANK = "ts_rank('{0.1,0.2,0.4,1.0}', tsv, %s::tsquery, 1)"


def _matched(table: str, column: str, clause: str) -> str:
    """Matching comes first, then ranking; parameters: query, those of the clause, query, limit."""
    return (
        f"WITH matched AS MATERIALIZED (SELECT entry.id, entry.{column} AS value, entry.tsv "
        f"FROM {table} entry WHERE entry.tsv @@ %s::tsquery{clause} LIMIT {MOST_RANKED}) "
        f"SELECT {{wanted}} FROM matched ORDER BY {_RANK} DESC, id DESC LIMIT %s"
    )


def _on_postgresql(
    table: str, column: str, query: str, clause: str, params: tuple[Any, ...], limit: int
) -> list[Candidate]:
    wanted = f"value, {_RANK} AS rank, count(*) OVER ()"
    first = _matched(table, column, clause).replace("{wanted}", wanted)
    newest = (
        f"WITH matched AS MATERIALIZED (SELECT entry.id, entry.{column} AS value, entry.tsv "
        f"FROM {table} entry WHERE entry.tsv @@ %s::tsquery{clause} ORDER BY entry.id DESC LIMIT %s) "
        f"SELECT value, {_RANK} AS rank FROM matched ORDER BY rank DESC, id DESC"
    )
    with connection.cursor() as cursor:
        cursor.execute(first, [query, *params, query, query, limit])
        rows = cursor.fetchall()
        if rows and rows[0][2] >= MOST_RANKED:
            cursor.execute(newest, [query, *params, limit, query])
            rows = cursor.fetchall()
    return [Candidate(row[0], float(row[1])) for row in rows]


def _fts_rows(table: str, wanted: str, clause: str) -> str:
    # bm25 is better the more negative it is
    return (
        f'SELECT {wanted} FROM "{table}_fts" JOIN "{table}" entry ON entry.id = "{table}_fts".rowid '
        f'WHERE "{table}_fts" MATCH %s{clause} '
        f'ORDER BY bm25("{table}_fts", 10.0, 4.0, 1.0), entry.id DESC LIMIT %s'
    )


def _on_sqlite(
    table: str, column: str, query: str, clause: str, params: tuple[Any, ...], limit: int
) -> list[Candidate]:
    wanted = f'entry.{column}, -bm25("{table}_fts", 10.0, 4.0, 1.0)'
    probe = (
        f'SELECT count(*) FROM (SELECT 1 FROM "{table}_fts" WHERE "{table}_fts" MATCH %s LIMIT {MOST_RANKED})'
    )
    newest = (
        f'SELECT entry.{column} FROM "{table}_fts" JOIN "{table}" entry ON entry.id = "{table}_fts".rowid '
        f'WHERE "{table}_fts" MATCH %s{clause} ORDER BY "{table}_fts".rowid DESC LIMIT %s'
    )
    with connection.cursor() as cursor:
        cursor.execute(probe, [query])
        if cursor.fetchone()[0] < MOST_RANKED:
            cursor.execute(_fts_rows(table, wanted, clause), [query, *params, limit])
            return [Candidate(row[0], float(row[1])) for row in cursor.fetchall()]
        cursor.execute(newest, [query, *params, limit])
        return [Candidate(row[0], 0.0) for row in cursor.fetchall()]
