"""What the beat and the worker run for tickets."""

from datetime import datetime

from django_q.tasks import async_task

from accounts.models import User
from accounts.services.people import staff_actor
from core import clock
from core.errors import NotAllowed
from core.models import Timer
from core.services.timers import on_timer, set_timer
from tickets.models import BulkRun, SlaPolicy
from tickets.services import bulk, policies, routing
from tickets.services.clocks import due
from tickets.services.clocks.sheet import BREACH, PAUSE_ENDS, WARN


@on_timer(WARN)
def warn(timer: Timer, at: datetime) -> None:
    """A step of a clock's ladder is reached."""
    due.run_due(timer.subject_id, kind=timer.kind, at=at)


@on_timer(BREACH)
def breach(timer: Timer, at: datetime) -> None:
    """A clock's deadline is reached, or a step of the ladder beyond it."""
    due.run_due(timer.subject_id, kind=timer.kind, at=at)


@on_timer(PAUSE_ENDS)
def end_pause(timer: Timer, at: datetime) -> None:
    """A pause has lasted as long as it may."""
    due.end_pause(timer.subject_id, at=at)


def drain_queues() -> int:
    """Give waiting tickets to whoever can take them; while some wait, look again in a minute. Returns how many were
    given."""
    at = clock.now()
    given = routing.drain(at=at)
    if routing.waiting().exists():
        routing.look_again(at=at)
    return given


def apply_policy(policy_id: int, user_id: int) -> int:
    """Give a policy to the open tickets it governs; returns how many got another promise. One that is not the current
    version any more is left alone: what replaced it is applied by a job of its own."""
    policy = SlaPolicy.objects.filter(pk=policy_id, is_current=True).first()
    if policy is None:
        return 0
    actor = staff_actor(User.objects.get(pk=user_id))
    return policies.apply_to_open(policy=policy, actor=actor, at=clock.now())


@on_timer(bulk.TIMER)
def wake_bulk(timer: Timer, at: datetime) -> None:
    """A run is to be done, or to be taken up again where its worker was killed."""
    if BulkRun.objects.filter(pk=timer.subject_id, finished_at=None).exists():
        set_timer(bulk.TIMER, subject_id=timer.subject_id, due_at=at + bulk.AGAIN)
        async_task("tickets.jobs.run_bulk", timer.subject_id, save=False)


def run_bulk(run_id: int) -> int:
    """Do what is left of a run, row by row, in the name of who asked, with the rights they have now; returns how many
    rows were done or refused."""
    run = BulkRun.objects.select_related("by").filter(pk=run_id, finished_at=None).first()
    if run is None:
        return 0
    try:
        actor = staff_actor(run.by)
    except NotAllowed as error:
        tried = bulk.refuse_rows(run=run, error=error, at=clock.now())
    else:
        tried = sum(
            bulk.do_row(run=run, row_id=row_id, actor=actor, at=clock.now()) is not None
            for row_id in bulk.pending(run)
        )
    bulk.finish(run=run, at=clock.now())
    return tried
