"""One verb on many tickets: each row in a transaction of its own, done once, whatever happens to the worker.

A row's result is written in the transaction that did the work, so a killed worker leaves it either done or untouched.
Tries are counted before the work: a row that keeps killing its worker is given up."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F
from django.utils import translation
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.actors import Actor
from core.db import lock_rows
from core.errors import DomainError, InvalidInput, NotVisible
from core.events import announce
from core.services.timers import cancel_timer, set_timer
from tickets.enums import BulkAction, BulkState
from tickets.events import BulkStarted
from tickets.models import BulkRow, BulkRun, Category, RootCause, SolutionCode, Ticket
from tickets.services.classify import regrade
from tickets.services.merge import merge
from tickets.services.resolve import resolve
from tickets.services.routing import assign
from tickets.services.state import set_waiting, staff_id
from tickets.services.talk import add_note

LIMIT = 500
ATTEMPTS = 5
TIMER = "tickets.bulk"
#: a run whose worker was killed is taken up again after this
AGAIN = timedelta(minutes=1)


@transaction.atomic
def start(
    *,
    action: str,
    ticket_ids: Iterable[int],
    params: dict[str, Any],
    key: str,
    language: str = "zh-hans",
    actor: Actor,
    at: datetime,
) -> BulkRun:
    """Have the worker do `action` with these tickets, as far as the actor sees them. `params` are the verb's values,
    ids for rows. The same `key` is the same run. Raises InvalidInput (action, tickets, target)."""
    by_id = staff_id(actor)
    known = BulkRun.objects.filter(by_id=by_id, key=key[:64]).first() if key else None
    if known is not None:
        return known
    if action not in BulkAction.values:
        raise InvalidInput(fields={"action": [_("Choose what is to be done.")]})
    wanted = list(dict.fromkeys(ticket_ids))
    if len(wanted) > LIMIT:
        raise InvalidInput(
            fields={
                "tickets": [
                    ngettext("At most %(limit)d ticket at once.", "At most %(limit)d tickets at once.", LIMIT)
                    % {"limit": LIMIT}
                ]
            },
            code="too_many",
        )
    visible = Ticket.objects.visible_to(actor)
    if action == BulkAction.MERGE:
        target = visible.filter(pk=params.get("target") or 0).values_list("pk", flat=True).first()
        if target is None:
            raise InvalidInput(fields={"target": [_("Choose the ticket that stays.")]}, code="no_target")
        wanted = [pk for pk in wanted if pk != target]
    seen = set(visible.filter(pk__in=wanted).values_list("pk", flat=True))
    rows = [pk for pk in wanted if pk in seen]
    if not rows:
        raise InvalidInput(fields={"tickets": [_("Choose some tickets first.")]}, code="no_tickets")
    run = BulkRun.objects.create(
        action=action,
        params=params,
        language=language,
        by_id=by_id,
        key=key[:64],
        total=len(rows),
        created_at=at,
    )
    BulkRow.objects.bulk_create([BulkRow(run=run, ticket_id=pk) for pk in rows])
    announce(BulkStarted(subject_id=run.pk, action=action, tickets=len(rows)), actor=actor, at=at)
    set_timer(TIMER, subject_id=run.pk, due_at=at)
    return run


def run_for(*, viewer: Actor, pk: int) -> BulkRun:
    """One's own run; supervisors see all. Raises NotVisible."""
    rows = BulkRun.objects.select_related("by")
    if not viewer.is_staff:
        raise NotVisible()
    if not viewer.sees_all:
        rows = rows.filter(by_id=viewer.id)
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotVisible()
    return found


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    total: int
    done: int
    failed: int

    @property
    def pending(self) -> int:
        return self.total - self.done - self.failed

    @property
    def percent(self) -> int:
        return 100 * (self.done + self.failed) // max(1, self.total)


def progress(run: BulkRun) -> Progress:
    """Counts of a run, in one query."""
    counted = dict(run.rows.order_by().values_list("state").annotate(Count("pk")))
    return Progress(run.total, counted.get(BulkState.DONE, 0), counted.get(BulkState.FAILED, 0))


@transaction.atomic
def retry_failed(*, run: BulkRun, actor: Actor, at: datetime) -> int:
    """Try again what was refused; returns how many rows. Only whoever asked for the run does so: it is done in their
    name. Raises NotVisible."""
    locked = lock_rows(BulkRun.objects.filter(pk=run.pk, by_id=staff_id(actor))).first()
    if locked is None:
        raise NotVisible()
    again = BulkRow.objects.filter(run=run, state=BulkState.FAILED).update(
        state=BulkState.PENDING, attempts=0, code="", message="", at=None
    )
    if again:
        BulkRun.objects.filter(pk=run.pk).update(finished_at=None)
        run.finished_at = None
        set_timer(TIMER, subject_id=run.pk, due_at=at)
    return again


def pending(run: BulkRun) -> list[int]:
    """Ids of the rows that are still to do, in their order."""
    return list(
        BulkRow.objects.filter(run=run, state=BulkState.PENDING).order_by("pk").values_list("pk", flat=True)
    )


def do_row(*, run: BulkRun, row_id: int, actor: Actor, at: datetime) -> BulkRow | None:
    """Do one row of a run in the name of who asked; None when it is done already or another worker has it in hand.
    Call outside a transaction: the try is counted before the work."""
    BulkRow.objects.filter(pk=row_id, state=BulkState.PENDING).update(attempts=F("attempts") + 1)
    with transaction.atomic():
        rows = BulkRow.objects.filter(pk=row_id, run=run, state=BulkState.PENDING).select_related("ticket")
        row = lock_rows(rows, skip_locked=True).first()
        if row is None:
            return None
        with translation.override(run.language):
            if row.attempts > ATTEMPTS:
                return _write(row, BulkState.FAILED, at, "given_up", gettext("Tried several times in vain."))
            try:
                with transaction.atomic():
                    _VERBS[BulkAction(run.action)](row, run.params, actor, at)
            except DomainError as error:
                return _write(row, BulkState.FAILED, at, error.code, _said(error))
        return _write(row, BulkState.DONE, at)


def refuse_rows(*, run: BulkRun, error: DomainError, at: datetime) -> int:
    """Nothing of a run can be done (whoever asked has left); returns how many rows were given up."""
    return BulkRow.objects.filter(run=run, state=BulkState.PENDING).update(
        state=BulkState.FAILED, code=error.code[:40], message=_said(error)[:300], at=at
    )


@transaction.atomic
def finish(*, run: BulkRun, at: datetime) -> bool:
    """Whether nothing is left to do; then the run has ended."""
    if BulkRow.objects.filter(run=run, state=BulkState.PENDING).exists():
        return False
    BulkRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=at)
    cancel_timer(f"{TIMER}:{run.pk}")
    return True


def _write(row: BulkRow, state: BulkState, at: datetime, code: str = "", message: str = "") -> BulkRow:
    row.state, row.at, row.code, row.message = state, at, code[:40], message[:300]
    row.save(update_fields=["state", "at", "code", "message"])
    return row


def _said(error: DomainError) -> str:
    """What is wrong, in one sentence."""
    return " ".join(str(m) for found in error.fields.values() for m in found) or str(error)


# --- the verbs ----------------------------------------------------------------------------------------------

Values = dict[str, Any]
Verb = Callable[[BulkRow, Values, Actor, datetime], object]


def _row_of(model: Any, pk: Any) -> Any:
    return model.objects.filter(pk=pk or 0).first()


def _assign(row: BulkRow, values: Values, actor: Actor, at: datetime) -> object:
    agent = _row_of(User, values.get("agent"))
    if agent is None:
        raise InvalidInput(fields={"agent": [_("This person takes no tickets.")]}, code="no_agent")
    return assign(ticket=row.ticket, agent=agent, reason=values.get("reason", ""), actor=actor, at=at)


def _wait(row: BulkRow, values: Values, actor: Actor, at: datetime) -> object:
    return set_waiting(
        ticket=row.ticket, status=values["status"], reason=values.get("reason", ""), actor=actor, at=at
    )


def _note(row: BulkRow, values: Values, actor: Actor, at: datetime) -> object:
    return add_note(ticket=row.ticket, body=values["body"], actor=actor, at=at)


def _regrade(row: BulkRow, values: Values, actor: Actor, at: datetime) -> object:
    return regrade(
        ticket=row.ticket,
        grade=values.get("grade", ""),
        category=_row_of(Category, values.get("category")),
        reason=values.get("reason", ""),
        actor=actor,
        at=at,
    )


def _resolve(row: BulkRow, values: Values, actor: Actor, at: datetime) -> object:
    return resolve(
        ticket=row.ticket,
        solution_code=_row_of(SolutionCode, values.get("solution_code")),
        root_cause=_row_of(RootCause, values.get("root_cause")),
        message=values.get("message", ""),
        client_id=f"bulk-{row.pk}",
        actor=actor,
        at=at,
    )


def _merge(row: BulkRow, values: Values, actor: Actor, at: datetime) -> object:
    return merge(
        source=row.ticket,
        target=Ticket(pk=values["target"]),
        reason=values.get("reason", ""),
        confirmed=bool(values.get("confirmed")),
        actor=actor,
        at=at,
    )


_VERBS: dict[BulkAction, Verb] = {
    BulkAction.ASSIGN: _assign,
    BulkAction.WAIT: _wait,
    BulkAction.NOTE: _note,
    BulkAction.REGRADE: _regrade,
    BulkAction.RESOLVE: _resolve,
    BulkAction.MERGE: _merge,
}
