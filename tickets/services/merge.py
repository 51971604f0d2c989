"""Two tickets of one issue become one, and two again when that was wrong.

Messages and notes move (their entries do; nothing is copied), and links. What happened to a ticket stays with it.
Both tickets are locked in the order of their ids. A merge keeps what undoing it needs, so that undoing it is the
identity."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from accounts.enums import TierCode
from accounts.models import User
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.events import announce
from core.models import Event
from tickets.enums import ACTIVE, ClockKind, ClockState, EntryKind, LinkKind, Status
from tickets.events import TicketMerged, TicketUnmerged
from tickets.models import Clock, Ticket, TicketEntry, TicketLink, TicketMerge
from tickets.services import classify, clocks, relations, routing, timeline
from tickets.services.clocks.sheet import SHARED
from tickets.services.state import _move, lock_ticket, refuse, require_staff

REASON_LIMIT = 300
#: of the target: what a merge changes and undoing it restores
_TOUCHED = ("awaiting_reply", "last_customer_at", "last_public_at")
#: values of a clock that are moments
_MOMENTS = frozenset(
    ("started_at", "running_since", "paused_since", "pause_until", "due_at", "finished_at", "breached_at")
)


def lock_pair(
    one: Ticket, other: Ticket, *, viewer: Actor, related: tuple[str, ...] = ()
) -> tuple[Ticket, Ticket]:
    """Lock two tickets, the older first, so that whoever locks both never waits for whoever does. Raises NotVisible."""
    for ticket in sorted((one, other), key=lambda row: row.pk):
        lock_ticket(ticket, viewer=viewer, related=related)
    return one, other


def merge_of(ticket: Ticket) -> TicketMerge | None:
    """The merge by which the ticket is part of another."""
    rows = TicketMerge.objects.filter(source=ticket, undone_at=None)
    return rows.select_related("target", "by").first()


@transaction.atomic
def merge(
    *,
    source: Ticket,
    target: Ticket,
    reason: str = "",
    confirmed: bool = False,
    actor: Actor,
    at: datetime,
) -> TicketMerge:
    """Make `source` part of `target`: its messages, notes and links go there, its clocks stop, and what its customer
    says from now on is said on the target. If the customer waits for an answer there, they do so here. Merging the same
    two again is the same merge.

    Tickets of different customers need `confirmed`; then what was said stays invisible to the target's customer. Raises
    Conflict: "merge_self", "already_merged", "merge_child", "target_done", "different_customers" (extra: source,
    target), or the source is done; InvalidInput (reason)."""
    require_staff(actor)
    reason = " ".join(reason.split())
    if len(reason) > REASON_LIMIT:
        raise InvalidInput(
            fields={
                "reason": [
                    _("Please keep to %(limit)d characters; this has %(count)d.")
                    % {"limit": REASON_LIMIT, "count": len(reason)}
                ]
            }
        )
    if source.pk == target.pk:
        raise Conflict(_("A ticket cannot be merged into itself."), code="merge_self")
    lock_pair(source, target, viewer=actor)
    known = merge_of(source)
    if known is not None and known.target_id == target.pk:
        return known
    _check(source, target, confirmed)
    if not source.grade:  # its first judgement comes now or never: a merged ticket starts no clocks
        classify.classify(ticket=source, at=at)
    clocks.sync_clocks(
        ticket=source, actor=actor, at=at
    )  # what is late by now goes on record before it is kept
    kept = TicketMerge(
        source=source,
        target=target,
        reason=reason,
        by_id=actor.id if actor.is_staff else None,
        at=at,
        before={
            "status": source.status,
            "level": source.level,
            "grade": source.grade,
            "clocks": {str(clock.pk): _frozen(clock) for clock in _live(source)},
            "target": {name: _text(getattr(target, name)) for name in _TOUCHED},
        },
    )
    kept.before |= _move_entries(source, target)
    kept.before["links"] = _move_links(source, target)
    _move(source, Status.MERGED, actor=actor, at=at, entry=False, merged_into=target)
    kept.before |= _owe_answer(source, target, kept.before, actor=actor, at=at)
    kept.save(force_insert=True)
    event = announce(
        TicketMerged(
            subject_id=source.pk,
            merge_id=kept.pk,
            source=source.reference,
            target=target.reference,
            target_id=target.pk,
            agent_id=source.assignee_id,
        ),
        actor=actor,
        at=at,
        detail={"reason": reason} if reason else None,
    )
    _tell_both(source, target, event)
    return kept


def _check(source: Ticket, target: Ticket, confirmed: bool) -> None:
    if source.status == Status.MERGED:
        raise Conflict(_("%(ticket)s is merged already.") % {"ticket": source}, code="already_merged")
    if source.status not in ACTIVE:
        raise refuse(source, Status.MERGED)
    if target.status == Status.MERGED:
        raise Conflict(
            _("%(ticket)s is itself merged. Choose the ticket that it was merged into.") % {"ticket": target},
            code="already_merged",
        )
    if target.status not in ACTIVE:
        raise Conflict(
            _("%(ticket)s is done. Open it again first, or choose another.") % {"ticket": target},
            code="target_done",
        )
    if relations.is_above(source.pk, target.pk):
        raise Conflict(
            _("%(target)s is a part of %(source)s: merge the part into the parent instead.")
            % {"target": target, "source": source},
            code="merge_child",
        )
    if source.customer_id != target.customer_id and not confirmed:
        raise Conflict(
            _(
                "The two tickets are of different customers. If you merge them, only the customer of %(ticket)s gets "
                "answers, and neither sees what the other said."
            )
            % {"ticket": target},
            code="different_customers",
            extra={"source": source.customer_id, "target": target.customer_id},
        )


def _live(ticket: Ticket) -> list[Clock]:
    return list(
        Clock.objects.filter(ticket=ticket, state__in=[ClockState.RUNNING, ClockState.PAUSED]).order_by("pk")
    )


def _move_entries(source: Ticket, target: Ticket) -> dict[str, list[int]]:
    """Messages and notes go; what another customer said is for staff."""
    said = TicketEntry.objects.filter(ticket=source, kind__in=[EntryKind.MESSAGE, EntryKind.NOTE])
    found = list(said.order_by("pk").values_list("pk", "public"))
    moved = [pk for pk, _public in found]
    hidden = [pk for pk, public in found if public] if source.customer_id != target.customer_id else []
    timeline.move(moved, ticket=target)
    timeline.set_public(hidden, public=False)
    return {"entries": moved, "hidden": hidden}


def _move_links(source: Ticket, target: Ticket) -> list[list[Any]]:
    """Links of the source become the target's, but for those that would lead to itself, be there twice, or make a ring
    of parents: those stay. Returns id and side of what was moved."""
    moved: list[list[Any]] = []
    links = TicketLink.objects.filter(Q(source=source) | Q(target=source)).order_by("pk")
    for link in links:
        side = "source" if link.source_id == source.pk else "target"
        other = link.target_id if side == "source" else link.source_id
        pair = (target.pk, other) if side == "source" else (other, target.pk)
        if other == target.pk or relations.find(*pair, LinkKind(link.kind)) is not None:
            continue
        if link.kind == LinkKind.PARENT and relations.is_above(pair[1], pair[0]):
            continue
        relations.repoint(link.pk, side=side, ticket=target)
        moved.append([link.pk, side])
    return moved


def _owe_answer(
    source: Ticket, target: Ticket, before: Mapping[str, Any], *, actor: Actor, at: datetime
) -> dict[str, Any]:
    """Who waited for an answer on the source waits for it on the target, since they asked."""
    changes: dict[str, Any] = {
        "awaiting_reply": target.awaiting_reply or source.awaiting_reply,
        "last_customer_at": _later(target.last_customer_at, source.last_customer_at),
    }
    if source.customer_id == target.customer_id:
        changes["last_public_at"] = _later(target.last_public_at, source.last_public_at)
    Ticket.objects.filter(pk=target.pk).update(updated_at=at, **changes)
    for name, value in changes.items():
        setattr(target, name, value)
    started = None
    if source.awaiting_reply and target.first_responded_at is not None:
        since = _asked_at(source, before) or at
        if clocks.start_next_response(ticket=target, since=since, actor=actor, at=at):
            clock = (
                Clock.objects.filter(ticket=target, kind=ClockKind.NEXT_RESPONSE).order_by("-cycle").first()
            )
            started = clock.pk if clock else None
    return {"after": {name: _text(getattr(target, name)) for name in _TOUCHED}, "started": started}


def _asked_at(source: Ticket, before: Mapping[str, Any]) -> datetime | None:
    """When the oldest unanswered message came: where the promise to answer counted from."""
    owed = (ClockKind.NEXT_RESPONSE, ClockKind.FIRST_RESPONSE)
    rows = Clock.objects.filter(pk__in=before["clocks"], kind__in=owed)
    started = rows.order_by("started_at").values_list("started_at", flat=True).first()
    return started or source.last_customer_at


def _tell_both(source: Ticket, target: Ticket, event: Event) -> None:
    timeline.record(source, event=event, public=True)
    timeline.record(target, event=event, public=False)


@transaction.atomic
def unmerge(*, merge: TicketMerge, actor: Actor, at: datetime) -> Ticket:
    """Undo a merge: the very entries and links that were moved go back, and the source stands as it did, with its
    clocks as if they had never stopped. What was said since stays where it was said. Undoing it again changes nothing.
    Returns the source. Raises Conflict "merged_on" (the target was merged itself: undo that first), "entries_moved"
    (some of what was moved is on another ticket by now)."""
    require_staff(actor)
    source, target = lock_pair(
        Ticket(pk=merge.source_id), Ticket(pk=merge.target_id), viewer=actor, related=("queue__tier",)
    )
    kept = TicketMerge.objects.get(pk=merge.pk)
    if kept.undone_at is not None:
        return source
    if source.status != Status.MERGED or source.merged_into_id != target.pk:
        raise refuse(source)
    if target.status == Status.MERGED:
        raise Conflict(
            _("%(ticket)s was merged itself since. Undo that first.") % {"ticket": target}, code="merged_on"
        )
    before = kept.before
    there = TicketEntry.objects.filter(pk__in=before["entries"], ticket=target).count()
    if there != len(before["entries"]):
        raise Conflict(
            _("Some of the messages stand on another ticket by now, so this cannot be undone."),
            code="entries_moved",
        )
    timeline.move(before["entries"], ticket=source)
    timeline.set_public(before["hidden"], public=True)
    for pk, side in before["links"]:
        relations.repoint(pk, side=side, ticket=source)
    _forgive_answer(target, before, actor=actor, at=at)
    event = _restore(source, target, kept, actor=actor, at=at)
    TicketMerge.objects.filter(pk=kept.pk).update(
        undone_at=at, undone_by_id=actor.id if actor.is_staff else None
    )
    merge.refresh_from_db()
    _tell_both(source, target, event)
    return source


def _restore(source: Ticket, target: Ticket, kept: TicketMerge, *, actor: Actor, at: datetime) -> Event:
    before = kept.before
    _move(source, Status(before["status"]), actor=actor, at=at, entry=False, sync=False, merged_into=None)
    with clocks.sheet_of(source, actor=actor, at=at) as sheet:
        sheet.revive(source.pk, {int(pk): _thawed(values) for pk, values in before["clocks"].items()})
    if (source.level, source.grade) != (before["level"], before["grade"]):
        clocks.retarget(ticket=source, actor=actor, at=at)
    event = announce(
        TicketUnmerged(
            subject_id=source.pk,
            merge_id=kept.pk,
            source=source.reference,
            target=target.reference,
            target_id=target.pk,
        ),
        actor=actor,
        at=at,
    )
    gone = (
        source.assignee_id is not None
        and not User.objects.filter(pk=source.assignee_id, is_active=True).exists()
    )
    if gone or (source.assignee_id is None and source.queue_id is not None):
        routing.requeue(source, tier_code=TierCode.L1, actor=actor, at=at)
    return event


def _forgive_answer(target: Ticket, before: Mapping[str, Any], *, actor: Actor, at: datetime) -> None:
    """The answer that was owed because of the source is owed there again, unless the customer said more here since."""
    now = {name: _text(getattr(target, name)) for name in _TOUCHED}
    changes: dict[str, Any] = {
        name: value if name == "awaiting_reply" else _moment(value)
        for name, value in before["target"].items()
        if now[name] == before["after"][name]
    }
    spoke = now["last_customer_at"] != before["after"]["last_customer_at"]
    answered = now["last_public_at"] != before["after"]["last_public_at"]
    if spoke or answered:
        changes.pop("awaiting_reply", None)
    Ticket.objects.filter(pk=target.pk).update(updated_at=at, **changes)
    for name, value in changes.items():
        setattr(target, name, value)
    if before["started"] is None or spoke:
        return
    with clocks.sheet_of(target, actor=actor, at=at) as sheet:
        if not sheet.withdraw(target.pk, before["started"]):
            clock = sheet.live(target.pk, ClockKind.NEXT_RESPONSE)
            if clock is not None and clock.pk == before["started"]:
                sheet.finish(target.pk, ClockKind.NEXT_RESPONSE, ClockState.STOPPED, since=at)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


def _frozen(clock: Clock) -> dict[str, Any]:
    return {name: _text(getattr(clock, name)) for name in SHARED}


def _thawed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _moment(value) if name in _MOMENTS else ClockState(value) if name == "state" else value
        for name, value in values.items()
    }
