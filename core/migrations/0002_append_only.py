"""The audit trail cannot be changed: triggers refuse UPDATE and DELETE of events; PostgreSQL also numbers the writing
transaction, so that readers can stay below the ones still running."""

from django.db import migrations

POSTGRESQL = """
CREATE FUNCTION core_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'core_event is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER core_event_append_only BEFORE UPDATE OR DELETE ON core_event
    FOR EACH ROW EXECUTE FUNCTION core_event_is_append_only();
CREATE FUNCTION core_event_number_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.txid = pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER core_event_txid BEFORE INSERT ON core_event
    FOR EACH ROW EXECUTE FUNCTION core_event_number_transaction();
"""
POSTGRESQL_BACK = """
DROP TRIGGER core_event_append_only ON core_event;
DROP TRIGGER core_event_txid ON core_event;
DROP FUNCTION core_event_is_append_only();
DROP FUNCTION core_event_number_transaction();
"""
SQLITE = [
    "CREATE TRIGGER core_event_no_update BEFORE UPDATE ON core_event "
    "BEGIN SELECT RAISE(ABORT, 'core_event is append-only'); END",
    "CREATE TRIGGER core_event_no_delete BEFORE DELETE ON core_event "
    "BEGIN SELECT RAISE(ABORT, 'core_event is append-only'); END",
]
SQLITE_BACK = ["DROP TRIGGER core_event_no_update", "DROP TRIGGER core_event_no_delete"]


def forwards(apps, schema_editor):
    statements = [POSTGRESQL] if schema_editor.connection.vendor == "postgresql" else SQLITE
    for statement in statements:
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    statements = [POSTGRESQL_BACK] if schema_editor.connection.vendor == "postgresql" else SQLITE_BACK
    for statement in statements:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
