"""Tickets that are linked."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.models import Event
from tests.factories.times import NOW
from tests.factories.work import actor_of, customer_of, make_colleague, make_ticket
from tickets.enums import LinkKind
from tickets.events import TicketLinked, TicketUnlinked
from tickets.models import Ticket, TicketLink
from tickets.services import relations, timeline
from tickets.services.merge import merge
from tickets.services.relations import link, related_of, unlink

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def test_a_link_is_seen_from_both_sides(desk_defaults: dict[str, Any]) -> None:
    actor = actor_of(make_colleague())
    parent, part = make_ticket(words="整屋断网"), make_ticket(words="网关红灯")
    made = link(ticket=parent, other=part, kind=LinkKind.PARENT, actor=actor, at=LATER)
    seen = [related_of(ticket, viewer=actor)[0] for ticket in (parent, part)]
    assert [(row.link_id, row.reference, row.words, row.status) for row in seen] == [
        (made.pk, part.reference, "part of this", "new"),
        (made.pk, parent.reference, "parent", "new"),
    ]
    for ticket in (parent, part):
        assert timeline.read(ticket, viewer=actor)[-1].code == TicketLinked.kind
        assert TicketLinked.kind not in [
            line.code for line in timeline.read(ticket, viewer=customer_of(ticket.customer))
        ]


@pytest.mark.parametrize("kind", list(LinkKind))
def test_the_same_again_is_the_same_link(kind: str, desk_defaults: dict[str, Any]) -> None:
    actor = actor_of(make_colleague())
    one, other = make_ticket(), make_ticket()
    made = link(ticket=one, other=other, kind=kind, actor=actor, at=LATER)
    assert link(ticket=one, other=other, kind=kind, actor=actor, at=LATER) == made
    if kind in ("related", "duplicate"):
        assert link(ticket=other, other=one, kind=kind, actor=actor, at=LATER) == made
    assert Event.objects.filter(kind=TicketLinked.kind).count() == 1


def test_what_cannot_be_linked(desk_defaults: dict[str, Any]) -> None:
    actor = actor_of(make_colleague())
    a, b, c = (make_ticket() for _n in range(3))
    with pytest.raises(InvalidInput):
        link(ticket=a, other=b, kind="cousin", actor=actor, at=LATER)
    with pytest.raises(Conflict) as refused:
        link(ticket=a, other=a, kind=LinkKind.RELATED, actor=actor, at=LATER)
    assert refused.value.code == "link_self"
    link(ticket=a, other=b, kind=LinkKind.PARENT, actor=actor, at=LATER)
    link(ticket=b, other=c, kind=LinkKind.PARENT, actor=actor, at=LATER)
    with pytest.raises(Conflict) as refused:
        link(ticket=c, other=a, kind=LinkKind.PARENT, actor=actor, at=LATER)
    assert refused.value.code == "link_ring"
    assert (relations.is_above(a.pk, c.pk), relations.is_above(c.pk, a.pk)) == (True, False)


def test_who_may_not_link(desk_defaults: dict[str, Any]) -> None:
    actor = actor_of(make_colleague())
    stranger = actor_of(make_colleague(tier="L2"))
    one, other = make_ticket(), make_ticket()
    with pytest.raises(NotAllowed):
        link(ticket=one, other=other, kind="related", actor=customer_of(one.customer), at=LATER)
    with pytest.raises(NotVisible):
        link(ticket=one, other=other, kind="related", actor=stranger, at=LATER)
    made = link(ticket=one, other=other, kind="related", actor=actor, at=LATER)
    with pytest.raises(NotVisible):
        unlink(link=made, actor=stranger, at=LATER)
    assert related_of(one, viewer=stranger) == []


def test_a_link_is_taken_away_once(desk_defaults: dict[str, Any]) -> None:
    actor = actor_of(make_colleague())
    one, other = make_ticket(), make_ticket()
    made = link(ticket=one, other=other, kind="related", actor=actor, at=LATER)
    kept = TicketLink.objects.get(pk=made.pk)
    assert unlink(link=made, actor=actor, at=LATER)
    assert not unlink(link=kept, actor=actor, at=LATER)
    assert Event.objects.filter(kind=TicketUnlinked.kind).count() == 1
    assert related_of(one, viewer=actor) == []


def test_follow_ups_splits_and_merges_are_shown_too(desk_defaults: dict[str, Any]) -> None:
    actor = actor_of(make_colleague())
    ticket = make_ticket()
    later = make_ticket(customer=ticket.customer)
    merged = make_ticket(customer=ticket.customer)
    cut = make_ticket(customer=ticket.customer)
    Ticket.objects.filter(pk=later.pk).update(linked_to=ticket)
    Ticket.objects.filter(pk=cut.pk).update(split_from=ticket)
    merge(source=merged, target=ticket, actor=actor, at=LATER)
    merged.refresh_from_db()
    assert [row.words for row in related_of(merged, viewer=actor)] == ["merged into"]
    later.refresh_from_db()
    cut.refresh_from_db()
    assert [(row.reference, row.words) for row in related_of(ticket, viewer=actor)] == [
        (later.reference, "followed by"),
        (merged.reference, "merged into this"),
        (cut.reference, "split off"),
    ]
    assert [row.words for row in related_of(later, viewer=actor)] == ["follows on from"]
    assert [row.words for row in related_of(cut, viewer=actor)] == ["split from"]


def test_one_and_many_cost_the_same(desk_defaults: dict[str, Any], django_assert_num_queries: Any) -> None:
    actor = actor_of(make_colleague())
    ticket = make_ticket()
    for many in (1, 2):
        for _n in range(many):
            link(ticket=ticket, other=make_ticket(), kind="related", actor=actor, at=LATER)
        with django_assert_num_queries(2):
            related_of(ticket, viewer=actor)


def test_the_database_holds_it_too(desk_defaults: dict[str, Any]) -> None:
    one, other = make_ticket(), make_ticket()
    TicketLink.objects.create(source=one, target=other, kind="related", at=NOW)
    for fields in (
        {"source": one, "target": other, "kind": "related"},
        {"source": one, "target": one, "kind": "related"},
        {"source": one, "target": other, "kind": "cousin"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            TicketLink.objects.create(**fields, at=NOW)
