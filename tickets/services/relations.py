"""Which tickets have to do with each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.events import announce
from tickets.enums import MUTUAL, LinkKind, Status
from tickets.events import TicketLinked, TicketUnlinked
from tickets.models import Ticket, TicketLink
from tickets.services import timeline
from tickets.services.state import lock_ticket, require_staff

#: parents of parents that are followed
DEPTH = 20


def find(source_id: int, target_id: int, kind: LinkKind) -> TicketLink | None:
    """The link of this kind between two tickets; of a kind without direction, whichever way it stands."""
    pair = Q(source_id=source_id, target_id=target_id)
    if kind in MUTUAL:
        pair |= Q(source_id=target_id, target_id=source_id)
    return TicketLink.objects.filter(pair, kind=kind).first()


def is_above(ticket_id: int, other_id: int) -> bool:
    """Whether the first is a parent of the second, or a parent of its parents."""
    below = {other_id}
    seen: set[int] = set()
    for _generation in range(DEPTH):
        parents = set(
            TicketLink.objects.filter(kind=LinkKind.PARENT, target_id__in=below).values_list(
                "source_id", flat=True
            )
        )
        if ticket_id in parents:
            return True
        below = parents - seen
        seen |= parents
        if not below:
            return False
    return False


def repoint(link_id: int, *, side: str, ticket: Ticket) -> None:
    """Let one end of a link lead to another ticket (a merge; the tickets are locked). A link that somebody took away,
    or that is there already, is left alone."""
    link = TicketLink.objects.filter(pk=link_id).first()
    if link is None:
        return
    other = link.target_id if side == "source" else link.source_id
    pair = (ticket.pk, other) if side == "source" else (other, ticket.pk)
    if (
        other == ticket.pk
        or TicketLink.objects.filter(source_id=pair[0], target_id=pair[1], kind=link.kind).exists()
    ):
        return
    TicketLink.objects.filter(pk=link_id).update(**{side: ticket})


@transaction.atomic
def link(*, ticket: Ticket, other: Ticket, kind: str, actor: Actor, at: datetime) -> TicketLink:
    """Link two tickets. `ticket` is the parent of a part, or follows on from the other; related ones and the same issue
    have no direction. The same again is the same link. Raises InvalidInput (kind), Conflict "link_self" and "link_ring"
    (a part cannot be the parent of its parent)."""
    require_staff(actor)
    if kind not in LinkKind.values:
        raise InvalidInput(fields={"kind": [_("Choose how the tickets belong together.")]})
    if ticket.pk == other.pk:
        raise Conflict(_("A ticket cannot be linked with itself."), code="link_self")
    for row in sorted((ticket, other), key=lambda row: row.pk):
        lock_ticket(row, viewer=actor)
    known = find(ticket.pk, other.pk, LinkKind(kind))
    if known is not None:
        return known
    if kind == LinkKind.PARENT and is_above(other.pk, ticket.pk):
        raise Conflict(
            _("%(other)s is above %(ticket)s: a part cannot be the parent of its parent.")
            % {"other": other, "ticket": ticket},
            code="link_ring",
        )
    made = TicketLink.objects.create(
        source=ticket, target=other, kind=kind, by_id=actor.id if actor.is_staff else None, at=at
    )
    event = announce(
        TicketLinked(
            subject_id=ticket.pk,
            source=ticket.reference,
            other=other.reference,
            other_id=other.pk,
            link=kind,
        ),
        actor=actor,
        at=at,
    )
    for row in (ticket, other):
        timeline.record(row, event=event, public=False)
    return made


@transaction.atomic
def unlink(*, link: TicketLink, actor: Actor, at: datetime) -> bool:
    """Take a link away; False when it is gone already. Raises NotVisible unless the actor sees both tickets."""
    require_staff(actor)
    pair = (Ticket(pk=link.source_id), Ticket(pk=link.target_id))
    for row in sorted(pair, key=lambda row: row.pk):
        lock_ticket(row, viewer=actor)
    if not TicketLink.objects.filter(pk=link.pk).delete()[0]:
        return False
    ticket, other = pair
    event = announce(
        TicketUnlinked(
            subject_id=ticket.pk,
            source=ticket.reference,
            other=other.reference,
            other_id=other.pk,
            link=link.kind,
        ),
        actor=actor,
        at=at,
    )
    for row in pair:
        timeline.record(row, event=event, public=False)
    return True


@dataclass(frozen=True, slots=True)
class Related:
    """Another ticket that this one has to do with: how, in words seen from here. `link_id` is None for what is no link
    that somebody made (a split, a follow-up, a merge)."""

    link_id: int | None
    kind: str
    words: str
    ticket_id: int
    reference: str
    subject: str
    status: str


def _words(kind: str, from_source: bool) -> str:
    """How the other is called, seen from the source or from the target of the link."""
    if kind == LinkKind.PARENT:
        return gettext("part of this") if from_source else gettext("parent")
    if kind == LinkKind.FOLLOW_UP:
        return gettext("follows on from") if from_source else gettext("followed by")
    return str(LinkKind(kind).label)


def related_of(ticket: Ticket, *, viewer: Actor, limit: int = 20) -> list[Related]:
    """The tickets that this one has to do with and that the viewer may see: links, splits, follow-ups and merges. Two
    queries."""
    links = list(
        TicketLink.objects.filter(Q(source=ticket) | Q(target=ticket)).values_list(
            "pk", "kind", "source_id", "target_id"
        )[:limit]
    )
    ends = {target if source == ticket.pk else source for _pk, _kind, source, target in links}
    ahead = (ticket.linked_to_id, ticket.split_from_id, ticket.merged_into_id)
    own = Q(linked_to=ticket) | Q(split_from=ticket) | Q(merged_into=ticket)
    own |= Q(pk__in=[pk for pk in ahead if pk is not None])
    rows = {
        row["id"]: row
        for row in Ticket.objects.visible_to(viewer)
        .filter(Q(pk__in=ends) | own)
        .order_by("pk")
        .distinct()
        .values("id", "reference", "subject", "status", "linked_to_id", "split_from_id", "merged_into_id")[
            : 2 * limit
        ]
    }
    found = [
        _related(rows[other], kind, _words(kind, source == ticket.pk), pk)
        for pk, kind, source, target in links
        if (other := target if source == ticket.pk else source) in rows
    ]
    for row in rows.values():
        if row["merged_into_id"] == ticket.pk and row["status"] == Status.MERGED:
            found.append(_related(row, "merged", gettext("merged into this")))
        if row["id"] == ticket.merged_into_id:
            found.append(_related(row, "merged", gettext("merged into")))
        if row["linked_to_id"] == ticket.pk:
            found.append(_related(row, "follow_up", gettext("followed by")))
        if row["id"] == ticket.linked_to_id:
            found.append(_related(row, "follow_up", gettext("follows on from")))
        if row["split_from_id"] == ticket.pk:
            found.append(_related(row, "split", pgettext("ticket", "split off")))
        if row["id"] == ticket.split_from_id:
            found.append(_related(row, "split", gettext("split from")))
    return found[:limit]


def _related(row: Mapping[str, Any], kind: str, words: str, link_id: int | None = None) -> Related:
    return Related(link_id, kind, words, row["id"], row["reference"], row["subject"], row["status"])
