"""History in sets: what thousands of tickets left behind, written without playing each through the services (which
takes a quarter of a second of processor time a ticket; docs/decisions/0060)."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Agent
from channels_hub.enums import ChannelKind
from config.demo import words
from config.demo.books import Books
from config.demo.ledger import Ledger
from config.demo.past import Past, Trouble
from customers.models import Customer, Device, ErrorCode

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
TICKETS_A_SET = 2_000
#: where a ticket of now stands still, and how often
STOPS = {"classify": 3, "assign": 7, "customer_writes": 50, "answer": 25, "wait_for_part": 5, "resolve": 10}
OUTAGE_DAYS_AGO = 23
FIRMWARE_DAYS = 10
Say = Callable[[str], None]


def load_history(
    chance: random.Random,
    customers: Sequence[Customer],
    devices: Sequence[Device],
    agents: Sequence[Agent],
    first_day: datetime,
    last_day: datetime,
    tickets: int,
    say: Say,
    *,
    now: datetime | None = None,
    open_tickets: int = 0,
) -> int:
    """Write `tickets` tickets that began between the two moments, told up to `now` (so nearly all of them are closed),
    and `open_tickets` that stand open at `now`; returns how many. `devices` come with product and line, and belong to
    `customers`; `agents` with user and teams. Memory does not grow with the number: sets are written one by one."""
    now = now or last_day
    books = Books.read(agents, at=first_day)
    ledger = Ledger()
    pool = Pool(chance, books, customers, devices)
    told = 0
    for trouble in pool.troubles(first_day, last_day, tickets, open_tickets, now=now):
        Past(ledger, books, chance, trouble, now=now).tell()
        told += 1
        if told % TICKETS_A_SET == 0:
            ledger.write()
            say(f"{told} tickets")
    ledger.write()
    ledger.close()
    return told


class Pool:
    """Who may have which trouble."""

    def __init__(
        self,
        chance: random.Random,
        books: Books,
        customers: Sequence[Customer],
        devices: Sequence[Device],
    ) -> None:
        self.chance, self.books = chance, books
        self._customers = {customer.pk: customer for customer in customers}
        self._by_line: dict[str, list[Device]] = {}
        for device in devices:
            self._by_line.setdefault(device.product.line.code, []).append(device)
        self._codes: dict[str, list[str]] = {}
        for error in ErrorCode.objects.select_related("line").exclude(line=None).order_by("pk"):
            self._codes.setdefault(error.line.code, []).append(error.code)
        self._problems = [p for p in words.STORIES if p != "telecom-los" and self._lines(p)]
        self._usual = [p for p in self._problems if not p.startswith("safety")]

    def _lines(self, problem: str) -> list[str]:
        return [line for line in words.STORIES[problem][0] if line in self._by_line]

    def troubles(
        self, first: datetime, last: datetime, tickets: int, open_tickets: int, *, now: datetime
    ) -> Iterator[Trouble]:
        """In order of time, so that numbers grow with it: the usual mix, one evening of a broken fibre, a wave of a bad
        firmware; then what is open now."""
        moments = sorted(self._moments(first, last, tickets, now=now))
        for index, (at, problem) in enumerate(moments):
            yield self._trouble(at, problem or self._any(index))
        standing = sorted((self._standing(now) for _ in range(open_tickets)), key=lambda trouble: trouble.at)
        yield from standing

    def _moments(
        self, first: datetime, last: datetime, tickets: int, *, now: datetime
    ) -> Iterator[tuple[datetime, str]]:
        outage = tickets // 25 if self._by_line.get("modem") else 0
        firmware = tickets // 12 if self._by_line.get("gateway") else 0
        night = (now - timedelta(days=OUTAGE_DAYS_AGO)).astimezone(SHANGHAI)
        night = night.replace(hour=20, minute=10, second=0, microsecond=0)
        if not first <= night < last:
            outage = 0
        for _ in range(outage):
            yield night + timedelta(seconds=self.chance.randint(0, 1500)), "telecom-los"
        wave = max(first, last - timedelta(days=FIRMWARE_DAYS))
        span = int((last - wave).total_seconds())
        for _ in range(firmware):
            yield (
                self._whole(wave + timedelta(seconds=self.chance.randrange(span))),
                "connect-offline-firmware",
            )
        for _ in range(tickets - outage - firmware):
            yield self._moment(first, last), ""

    def _moment(self, first: datetime, last: datetime) -> datetime:
        """Any day, but mostly in the evening."""
        days = (last - first) / timedelta(days=1)
        while True:
            day = (first + timedelta(days=self.chance.random() * days)).astimezone(SHANGHAI)
            hour = self.chance.choices(range(24), HOURS)[0]
            at = day.replace(
                hour=hour, minute=self.chance.randint(0, 59), second=self.chance.randint(0, 59), microsecond=0
            )
            if first <= at < last:
                return at

    def _any(self, index: int) -> str:
        return self.chance.choice(self._problems if index % 9 == 0 else self._usual)

    def _trouble(self, at: datetime, problem: str) -> Trouble:
        chance = self.chance
        line = chance.choice(self._lines(problem))
        code = {"telecom-los": "LOS", "connect-offline-firmware": "N05"}.get(problem, "")
        if problem.startswith(("hardware", "safety")) and self._codes.get(line) and chance.random() < 0.5:
            code = chance.choice(self._codes[line])
        device = chance.choice(self._by_line[line])
        customer = self._customers[device.customer_id]
        return Trouble(
            at=at,
            customer=customer,
            device=device,
            problem=problem,
            channel=self.books.channels[device.product.brand_id, chance.choice(CHANNELS)],
            error_code=code,
            pace=0.5 if problem == "telecom-los" else 1.0,
        )

    def _standing(self, now: datetime) -> Trouble:
        """A ticket that is open now: nearly all began lately, one in ten waits for too long."""
        chance = self.chance
        stop = chance.choices(list(STOPS), list(STOPS.values()))[0]
        trouble = self._trouble(now, self._any(1))
        trouble.stop = stop
        late = chance.random() < 0.1
        if stop in ("classify", "assign"):
            age = timedelta(seconds=chance.randint(60, 3600 if late else 240))
        elif stop == "resolve":
            age = timedelta(minutes=chance.randint(60, 60 * 60))
        elif stop == "customer_writes":
            age = timedelta(minutes=chance.randint(6, 300 if late else 16))
        else:
            age = timedelta(minutes=chance.randint(60, 200))
        trouble.pace = {"answer": 0.1, "customer_writes": 0.05}.get(stop, 0.4)
        trouble.at = self._whole(now - age)
        return trouble

    @staticmethod
    def _whole(moment: datetime) -> datetime:
        return moment.replace(microsecond=0)
