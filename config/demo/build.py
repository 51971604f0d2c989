"""Building the demo: the past in sets, the last days played through the product's own verbs."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction

from accounts.enums import DutyState
from accounts.models import Agent
from accounts.services.duty import set_duty
from channels_hub.enums import ChannelKind
from channels_hub.models import Channel
from config.defaults import load_defaults
from config.demo import notices, words
from config.demo.bulk import CHANNELS, load_history
from config.demo.clockwork import Clockwork
from config.demo.people import hire_staff, move_in
from config.demo.story import Cast, Story
from core.actors import SYSTEM
from customers.models import Customer, Device, ErrorCode

SEED = 20260317
DAYS = 90
#: how many of these last days are played
PLAYED_DAYS = 3
STATES = (
    ("gaofei", DutyState.BREAK, "lunch"),
    ("shenyu", DutyState.BREAK, "lunch"),
    ("weilan", DutyState.ON_CALL, ""),
    ("duanrui", DutyState.WRAP_UP, ""),
    ("fanyi", DutyState.BUSY, "training"),
    ("miaoqing", DutyState.OFFLINE, ""),
)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Scale:
    """How much of a company. `history` tickets are written in sets, `played` ones by the services, `standing` ones are
    open now (benchmarks, where nothing is played)."""

    customers: int
    devices: int
    history: int
    played: int = 0
    standing: int = 0

    @classmethod
    def of(cls, tickets: int) -> "Scale":
        """A company with so many tickets, one in fifty of them open, for measuring."""
        standing = tickets // 50
        return cls(
            max(300, tickets // 10), max(800, tickets // 4), history=tickets - standing, standing=standing
        )


SCALES = {
    "quick": Scale(300, 800, history=540, played=60),
    "full": Scale(3_000, 8_000, history=19_700, played=300),
}


@contextmanager
def without_savepoints() -> Iterator[None]:
    """One transaction and no savepoints in it: the demo is built whole or not at all, so a failing verb need not be
    undone alone, and a third of the statements goes away."""
    connection.features.uses_savepoints = False
    try:
        yield
    finally:
        connection.features.uses_savepoints = True


def build(*, now: datetime, scale: Scale, say: Say) -> None:
    """The whole demo, ending at `now`: the same seed gives the same company."""
    chance = random.Random(SEED)
    start, recent = now - timedelta(days=DAYS), now - timedelta(days=PLAYED_DAYS)
    with transaction.atomic():
        load_defaults(at=start)
        agents = hire_staff(at=start)
        move_in(chance, customers=scale.customers, devices=scale.devices, today=now.date(), at=start)
    crew = list(Agent.objects.select_related("user").prefetch_related("teams").order_by("pk"))
    people = list(Customer.objects.select_related("region").order_by("pk"))
    devices = list(Device.objects.select_related("product__line").order_by("pk"))
    say(f"{len(crew)} agents, {len(people)} customers, {len(devices)} devices")
    until = recent if scale.played else now
    load_history(
        chance, people, devices, crew, start, until, scale.history, say, now=now, open_tickets=scale.standing
    )
    say(f"{scale.history + scale.standing} tickets of {DAYS} days")
    if scale.played:
        clockwork = Clockwork()
        for at, story in _stories(chance, clockwork, crew, people, devices, scale.played, now=now):
            clockwork.plan(at, story.open)
        with transaction.atomic(), without_savepoints():
            clockwork.plan(now - timedelta(minutes=10), lambda at: _change_states(agents, at=at))
            clockwork.plan(now - timedelta(minutes=9), lambda at: notices.settle(at=at))
            clockwork.plan(now - timedelta(minutes=6), lambda at: notices.call(at=at))
            clockwork.run(until=now)
        say(f"{scale.played} tickets of the last {PLAYED_DAYS} days")
    cache.clear()


def _stories(
    chance: random.Random,
    clockwork: Clockwork,
    crew: list[Agent],
    people: list[Customer],
    devices: list[Device],
    count: int,
    *,
    now: datetime,
) -> list[tuple[datetime, Story]]:
    """When which trouble begins: a wave of the bad firmware, some of the usual since three days, most of it since this
    morning; some was forgotten, some waits for parts, some customers were not pleased; and a few call just now, when
    nobody is at the phone."""
    cast = Cast.gather(crew)
    customers = {customer.pk: customer for customer in people}
    by_line: dict[str, list[Device]] = {}
    for device in devices:
        by_line.setdefault(device.product.line.code, []).append(device)
    codes: dict[str, list[str]] = {}
    for error in ErrorCode.objects.select_related("line").exclude(line=None).order_by("pk"):
        codes.setdefault(error.line.code, []).append(error.code)
    channels = {(channel.brand_id, channel.kind): channel for channel in Channel.objects.all()}
    usual = [p for p in words.STORIES if p != "telecom-los" and not p.startswith("safety")]

    def story(problem: str = "", *, turn: str = "", pace: float = 1.0, kind: str = "") -> Story:
        problem = problem or chance.choice(usual)
        line = chance.choice([line for line in words.STORIES[problem][0] if by_line.get(line)])
        device = chance.choice(by_line[line])
        error = "N05" if problem == "connect-offline-firmware" else ""
        if problem.startswith("hardware") and codes.get(line) and chance.random() < 0.5:
            error = chance.choice(codes[line])
        return Story(
            chance,
            clockwork,
            cast,
            customers[device.customer_id],
            device,
            problem,
            channels[device.product.brand_id, kind or chance.choice(CHANNELS)],
            error,
            pace,
            turn=turn,
        )

    def some(share: int, least: int, most: int, **what: Any) -> Iterator[tuple[datetime, Story]]:
        """A share (in percent) of all, begun between so many minutes ago."""
        for _ in range(max(1, count * share // 100)):
            yield now - timedelta(seconds=chance.randint(60 * least, 60 * most)), story(**what)

    days = PLAYED_DAYS * 24 * 60
    return [
        *some(22, 90, days, problem="connect-offline-firmware"),
        *some(16, 6 * 60, days),
        *some(6, 30 * 60, 60 * 60, turn="stalled", pace=0.3),
        *some(5, 14 * 60, 40 * 60, problem="hardware-cooling", turn="part", pace=0.5),
        *some(5, 7 * 60, 14 * 60, problem="service-progress", turn="bad", pace=0.4),
        *some(36, 10, 6 * 60),
        *some(5, 0, 8),
        *some(5, 0, 9, kind=ChannelKind.PHONE),
    ]


def _change_states(agents: dict[str, Agent], *, at: datetime) -> None:
    """What people are doing when the visitor arrives: not all of them wait for the next ticket."""
    for login, state, reason in STATES:
        set_duty(agent=agents[login], state=state, reason=reason, actor=SYSTEM, at=at)
