"""The trail is sealed; whoever changes it afterwards, past the triggers, is found."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from core.actors import SYSTEM
from core.events import announce
from core.models import Event, EventDetail, Seal
from core.services import audit
from tests.core.conftest import BulbLit, light


@contextmanager
def triggers_removed() -> Iterator[None]:
    """What somebody with the keys of the database can do."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE core_event DISABLE TRIGGER USER")
            yield
            cursor.execute("ALTER TABLE core_event ENABLE TRIGGER USER")
        else:
            sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'core_event'"
            triggers = cursor.execute(sql).fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            yield
            for _, sql in triggers:
                cursor.execute(sql)


pytestmark = pytest.mark.django_db(transaction=True)


def seal_all(at: datetime, *, limit: int = 2) -> None:
    while audit.seal_events(at=at, limit=limit):
        pass


def test_the_trail_is_sealed_in_batches_that_form_a_chain(at: datetime) -> None:
    for bulb in range(5):
        light(bulb, at=at)
    seal_all(at)
    seals = list(Seal.objects.order_by("pk"))
    assert [seal.events for seal in seals] == [2, 2, 1]
    assert [seal.previous_hash for seal in seals] == [audit.GENESIS, seals[0].hash, seals[1].hash]
    light(9, at=at)
    assert audit.verify() == audit.Report(seals=3, sealed=5, unsealed=1, broken_seal=None, changed_details=[])


def test_nothing_new_makes_no_seal(at: datetime) -> None:
    light(at=at)
    assert audit.seal_events(at=at) == 1
    assert audit.seal_events(at=at) == 0
    assert Seal.objects.count() == 1


@pytest.mark.parametrize(
    "forge",
    [
        lambda: Event.objects.filter(subject_id=2).update(actor_id=99),
        lambda: Event.objects.filter(subject_id=2).update(data={"watts": 6}),
        lambda: Event.objects.filter(subject_id=2).delete(),
        lambda: Seal.objects.order_by("pk").first().delete(),
    ],
    ids=["another actor", "other data", "a row gone", "a seal gone"],
)
def test_a_forged_trail_is_found(at: datetime, forge) -> None:
    for bulb in range(5):
        light(bulb, at=at)
    seal_all(at)
    with triggers_removed():
        forge()
    assert audit.verify().broken_seal is not None
    with pytest.raises(CommandError, match="does not match"):
        call_command("verify_audit")


def test_a_forged_detail_is_found_a_purged_one_is_not_a_forgery(at: datetime) -> None:
    with transaction.atomic():
        first = announce(BulbLit(subject_id=1), actor=SYSTEM, at=at, detail={"note": "true"})
        second = announce(BulbLit(subject_id=2), actor=SYSTEM, at=at, detail={"note": "forgotten"})
    EventDetail.objects.filter(event=second).update(body=None, purged_at=at)
    assert audit.verify().changed_details == []
    EventDetail.objects.filter(event=first).update(body={"note": "false"})
    assert audit.verify().changed_details == [first.pk]
    with pytest.raises(CommandError, match=str(first.pk)):
        call_command("verify_audit")


def test_the_command_says_that_the_trail_is_whole(at: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    light(at=at)
    seal_all(at)
    call_command("verify_audit")
    assert capsys.readouterr().out == "whole: 1 seals over 1 events, 0 events not sealed yet\n"
