"""A simulated clock: plans fire in order of time, and between them everything that the product would have done by
itself (fan-out, deliveries, timers) happens at its own simulated moment."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count

from django.db.models import Min

from core import clock
from core.models import Timer
from core.services import deliveries, timers

Plan = Callable[[datetime], None]


class Clockwork:
    """Lets planned moments pass. `plan(at, what)` may be called while it runs."""

    def __init__(self) -> None:
        self._plans: list[tuple[datetime, int, Plan]] = []
        self._order = count()

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
                self._drain(at)
        self._fire_timers(until)
        self._drain(until)

    def _fire_timers(self, until: datetime) -> None:
        while True:
            due = Timer.objects.filter(dead=False, due_at__lte=until).aggregate(first=Min("due_at"))["first"]
            if due is None:
                return
            with clock.at_time(due):
                timers.fire_due(at=due)
                self._drain(due)

    def _drain(self, at: datetime) -> None:
        while deliveries.fan_out(at=at):
            while deliveries.deliver_due(at=at):
                pass
