"""A simulated clock: plans fire in order of time, and between them everything that the product would have done by
itself happens at its own simulated moment.

Facts go straight to their subscribers and timers to their handlers, in this process: the beat's claims, leases and
retries protect against dying workers, which a simulation has not. What was done is written down as done deliveries.
"""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from django.db.models import Max
from django.utils.module_loading import import_string
from django_q.models import OrmQ

from core import clock
from core.events import subscribers_of
from core.models import Delivery, Event, EventCursor, Timer
from core.models.delivery import DeliveryState
from core.services.timers import handler_of

#: look-outs that set themselves anew every few minutes: over ninety days a few times a day is enough
SWEEPS = ("channels.end_idle", "tickets.look-again")
SWEEP_EVERY = timedelta(days=1)
Plan = Callable[[datetime], None]


class Clockwork:
    """Lets planned moments pass. `plan(at, what)` may be called while it runs."""

    def __init__(self) -> None:
        self._plans: list[tuple[datetime, int, Plan]] = []
        self._order = count()
        self._heard = Event.objects.aggregate(last=Max("pk"))["last"] or 0
        self._done: list[Delivery] = []

    def plan(self, at: datetime, what: Plan) -> None:
        """Do `what(at)` when the time comes."""
        heapq.heappush(self._plans, (at, next(self._order), what))

    def run(self, *, until: datetime) -> None:
        """Let time pass until everything planned before `until` is done; later plans are dropped: for the people of
        the demo they have not happened yet."""
        while self._plans and self._plans[0][0] <= until:
            at, _, what = heapq.heappop(self._plans)
            self._fire_timers(at)
            with clock.at_time(at):
                what(at)
                self._hear(at)
        self._fire_timers(until)
        Timer.objects.filter(kind__in=SWEEPS).update(due_at=until)
        self._write_down()

    def _fire_timers(self, until: datetime) -> None:
        """Every timer due by then, at its own moment; a handler may set more."""
        while timer := Timer.objects.filter(dead=False, due_at__lte=until).order_by("due_at", "pk").first():
            due = timer.due_at
            with clock.at_time(due):
                handler_of(timer.kind)(timer, due)
                Timer.objects.filter(pk=timer.pk, due_at=due).delete()
                self._hear(due)
                if timer.kind in SWEEPS:
                    self._work(due)
                    Timer.objects.filter(kind__in=SWEEPS).update(due_at=due + SWEEP_EVERY)

    def _hear(self, at: datetime) -> None:
        """Tell the subscribers what was announced, in order, and what that announced in turn."""
        while events := list(Event.objects.filter(pk__gt=self._heard).order_by("pk")):
            for event in events:
                self._heard = event.pk
                for subscriber in subscribers_of(event.kind):
                    subscriber.handle(event)
                    self._done.append(
                        Delivery(
                            event_id=event.pk,
                            subscriber=subscriber.name,
                            state=DeliveryState.DONE,
                            attempts=1,
                            next_at=at,
                            done_at=at,
                        )
                    )

    def _work(self, at: datetime) -> None:
        """What the worker would do: run the queued jobs here and now, each once."""
        tasks = list(OrmQ.objects.all())
        OrmQ.objects.filter(pk__in=[task.pk for task in tasks]).delete()
        for name in sorted({task.func() for task in tasks}):
            import_string(name)()
        self._hear(at)

    def _write_down(self) -> None:
        Delivery.objects.bulk_create(self._done, batch_size=500, ignore_conflicts=True)
        last = Event.objects.order_by("-txid", "-pk").values_list("txid", "pk").first()
        if last:
            EventCursor.objects.update_or_create(
                name="fan-out", defaults={"txid": last[0], "event_id": last[1]}
            )
