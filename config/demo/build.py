"""Building the demo."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection, transaction

from accounts.enums import DutyState
from accounts.models import Agent
from accounts.services.duty import set_duty
from channels_hub.enums import ChannelKind
from channels_hub.models import Channel
from config.defaults import load_defaults
from config.demo import words
from config.demo.clockwork import Clockwork
from config.demo.people import hire_staff, move_in
from config.demo.story import Cast, Story
from core.actors import SYSTEM
from customers.models import Customer, Device, ErrorCode

SEED = 20260317
DAYS = 90
SHANGHAI = ZoneInfo("Asia/Shanghai")
#: tickets by hour of the day: few at night, a peak after dinner
HOURS = [1, 1, 0, 0, 0, 1, 2, 4, 8, 10, 9, 7, 6, 6, 6, 7, 7, 8, 10, 14, 16, 12, 7, 3]
CHANNELS = (
    [ChannelKind.WEB_FORM] * 5
    + [ChannelKind.APP] * 3
    + [ChannelKind.WECHAT] * 4
    + [ChannelKind.PHONE] * 3
    + [ChannelKind.SHOP]
)
Say = Callable[[str], None]


@contextmanager
def without_savepoints() -> Iterator[None]:
    """One transaction and no savepoints in it: the demo is built whole or not at all, so a failing verb need not be
    undone alone, and a third of the statements goes away."""
    connection.features.uses_savepoints = False
    try:
        yield
    finally:
        connection.features.uses_savepoints = True


def build(*, now: datetime, customers: int, devices: int, tickets: int, say: Say) -> None:
    """The whole demo, ending at `now`: the same seed gives the same company."""
    chance = random.Random(SEED)
    start = now - timedelta(days=DAYS)
    with transaction.atomic():
        load_defaults(at=start)
        agents = hire_staff(at=start)
        people = move_in(chance, customers=customers, devices=devices, today=now.date(), at=start)
    say(f"{len(agents)} agents, {len(people)} customers, {devices} devices")
    clockwork = Clockwork()
    cast = Cast.gather(list(Agent.objects.select_related("user").prefetch_related("teams")))
    for at, story in _stories(chance, clockwork, cast, people, tickets=tickets, now=now):
        clockwork.plan(at, story.open)
    with transaction.atomic(), without_savepoints():
        clockwork.run(until=now)
        _evening_states(agents, at=now)
    cache.clear()
    say(f"{tickets} tickets over {DAYS} days")


def _stories(
    chance: random.Random,
    clockwork: Clockwork,
    cast: Cast,
    people: list[Customer],
    *,
    tickets: int,
    now: datetime,
) -> list[tuple[datetime, Story]]:
    """When which trouble begins: the usual mix, one evening of a broken fibre, and ten days of a bad firmware."""
    by_line: dict[str, list[Device]] = {}
    for device in Device.objects.select_related("product__line", "customer__region"):
        by_line.setdefault(device.product.line.code, []).append(device)
    codes: dict[str, list[str]] = {}
    for error in ErrorCode.objects.select_related("line").exclude(line=None):
        codes.setdefault(error.line.code, []).append(error.code)
    channels = {(channel.brand_id, channel.kind): channel for channel in Channel.objects.all()}
    problems = [problem for problem in words.STORIES if problem != "telecom-los"]
    usual = [p for p in problems if not p.startswith("safety")]

    def story(problem: str, device: Device, *, error_code: str = "", pace: float = 1.0) -> Story:
        return Story(
            chance,
            clockwork,
            cast,
            device.customer,
            device,
            problem,
            channels[device.product.brand_id, chance.choice(CHANNELS)],
            error_code,
            pace,
        )

    planned = []
    outage, firmware, fresh = tickets // 25, tickets // 12, tickets // 14
    for index in range(tickets - outage - firmware - fresh):
        problem = chance.choice(problems) if index % 9 == 0 else chance.choice(usual)
        line = chance.choice([line for line in words.STORIES[problem][0] if by_line.get(line)])
        wears_code = problem.startswith(("hardware", "safety")) and codes.get(line)
        error = chance.choice(codes[line]) if wears_code and chance.random() < 0.5 else ""
        planned.append((_moment(chance, now), story(problem, chance.choice(by_line[line]), error_code=error)))
    night = (now - timedelta(days=23)).astimezone(SHANGHAI).replace(hour=20, minute=10, second=0)
    for _ in range(outage):
        at = night + timedelta(seconds=chance.randint(0, 1500))
        planned.append(
            (at, story("telecom-los", chance.choice(by_line["modem"]), error_code="LOS", pace=0.5))
        )
    for _ in range(firmware):
        at = now - timedelta(minutes=chance.randint(90, 10 * 24 * 60))
        planned.append(
            (at, story("connect-offline-firmware", chance.choice(by_line["gateway"]), error_code="N05"))
        )
    for _ in range(fresh):
        problem = chance.choice(usual)
        line = chance.choice([line for line in words.STORIES[problem][0] if by_line.get(line)])
        at = now - timedelta(seconds=chance.randint(30, 5 * 3600))
        planned.append((at, story(problem, chance.choice(by_line[line]))))
    return planned


def _moment(chance: random.Random, now: datetime) -> datetime:
    day = (now - timedelta(days=chance.randint(1, DAYS - 1))).astimezone(SHANGHAI)
    hour = chance.choices(range(24), HOURS)[0]
    return day.replace(hour=hour, minute=chance.randint(0, 59), second=chance.randint(0, 59))


def _evening_states(agents: dict[str, Agent], *, at: datetime) -> None:
    """What people are doing when the visitor arrives."""
    for login, state, reason in (
        ("gaofei", DutyState.BREAK, "lunch"),
        ("weilan", DutyState.ON_CALL, ""),
        ("duanrui", DutyState.WRAP_UP, ""),
        ("fanyi", DutyState.BUSY, "training"),
    ):
        set_duty(agent=agents[login], state=state, reason=reason, actor=SYSTEM, at=at)
