"""One row per fact, which nobody can change."""

from datetime import datetime

import pytest
from django.db import DatabaseError, connection, transaction

from core.actors import SYSTEM, Actor
from core.events import announce, announce_many, detail_hash
from core.models import Event, EventDetail
from tests.core.conftest import BulbLit, light


@pytest.mark.django_db
def test_a_fact_becomes_one_row(at: datetime) -> None:
    with transaction.atomic():
        event = announce(BulbLit(subject_id=7, watts=9), actor=Actor("staff", 3), at=at)
    event.refresh_from_db()
    assert (event.kind, event.subject_kind, event.subject_id, event.data) == (
        "test.bulb_lit",
        "bulb",
        7,
        {"watts": 9},
    )
    assert (event.actor_kind, event.actor_id, event.at) == ("staff", 3, at)
    assert (event.txid > 0) == (connection.vendor == "postgresql")


@pytest.mark.django_db(transaction=True)
def test_a_fact_is_announced_in_its_transaction_only(at: datetime) -> None:
    with pytest.raises(RuntimeError, match="in the transaction"):
        announce(BulbLit(subject_id=1), actor=SYSTEM, at=at)
    with pytest.raises(RuntimeError, match="in the transaction"):
        announce_many([BulbLit(subject_id=1)], actor=SYSTEM, at=at)
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_fact_goes_with_a_transaction_that_is_rolled_back(at: datetime) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        announce(BulbLit(subject_id=1), actor=SYSTEM, at=at, detail={"note": "secret"})
        raise ZeroDivisionError
    assert not Event.objects.exists()
    assert not EventDetail.objects.exists()


@pytest.mark.django_db
def test_personal_detail_stands_beside_the_row_and_its_hash_in_it(at: datetime) -> None:
    with transaction.atomic():
        event = announce(BulbLit(subject_id=1), actor=SYSTEM, at=at, detail={"phone": "13800000000"})
    assert "13800000000" not in str(event.data)
    detail = EventDetail.objects.get(event=event)
    assert detail.body == {"phone": "13800000000"}
    assert event.detail_hash == detail_hash(detail.salt, detail.body)
    assert len(detail.salt) == 32


@pytest.mark.django_db
def test_many_facts_take_one_statement(at: datetime, django_assert_num_queries) -> None:
    with transaction.atomic(), django_assert_num_queries(1):
        announce_many([BulbLit(subject_id=number) for number in (1, 2, 3)], actor=SYSTEM, at=at)
    assert list(Event.objects.order_by("id").values_list("subject_id", flat=True)) == [1, 2, 3]


@pytest.mark.django_db
@pytest.mark.parametrize("change", [lambda rows: rows.update(kind="forged"), lambda rows: rows.delete()])
def test_the_database_refuses_to_change_or_delete_an_event(at: datetime, change) -> None:
    event = light(at=at)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(Event.objects.filter(pk=event.pk))
    assert Event.objects.get(pk=event.pk).kind == "test.bulb_lit"
