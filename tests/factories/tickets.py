"""A configured world for tickets, and tickets in it."""

from datetime import datetime, time
from itertools import count
from typing import Any

import factory

from core.actors import SYSTEM
from customers.enums import Level
from tests.factories.accounts import TeamFactory
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW
from tickets.enums import Grade
from tickets.models import (
    Calendar,
    CalendarDay,
    CalendarWindow,
    Category,
    EscalationReason,
    EscalationStep,
    Queue,
    RootCause,
    SafetyWord,
    SlaPolicy,
    SlaTarget,
    SolutionCode,
    StatusName,
    Ticket,
    Tier,
)

#: grade → first response and resolution in minutes for a normal customer; a level takes a tenth off
MINUTES = {
    Grade.CONSULT: (5, 1440),
    Grade.SIMPLE: (30, 1440),
    Grade.COMPLEX: (120, 4320),
    Grade.MAJOR: (2, 1440),
}
LADDER = ((50, "owner"), (80, "lead"), (100, "manager"), (150, "director"))
_numbers = count(1)
OFFICE = ((time(9), time(12)), (time(13, 30), time(18)))


class CalendarFactory(factory.django.DjangoModelFactory):
    """Round the clock, unless `windows` are given: {0: [(time(9), time(12)), …], …}, or the same list for each of
    Monday to Friday."""

    class Meta:
        model = Calendar
        django_get_or_create = ("code", "version")
        skip_postgeneration_save = True

    code = factory.Sequence("calendar-{}".format)
    version = 1
    name_zh = "全天"
    name_en = "Round the clock"
    always_open = True

    @factory.post_generation
    def windows(self: Calendar, create: bool, extracted: Any, **kwargs: Any) -> None:
        if not create or extracted is None or self.windows.exists():
            return
        week = extracted if isinstance(extracted, dict) else dict.fromkeys(range(5), extracted)
        CalendarWindow.objects.bulk_create(
            CalendarWindow(calendar=self, weekday=weekday, opens=opens, closes=closes)
            for weekday, spans in week.items()
            for opens, closes in spans
        )
        Calendar.objects.filter(pk=self.pk).update(always_open=False)
        self.always_open = False


class CalendarDayFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CalendarDay

    kind = "holiday"


class TierFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tier
        django_get_or_create = ("code",)

    code = "L1"
    position = factory.LazyAttribute(lambda o: {"L1": 1, "L2": 2, "L3": 3, "RD": 4}[o.code])
    name_zh = factory.LazyAttribute(lambda o: f"{o.code}组")
    name_en = factory.LazyAttribute(lambda o: f"Tier {o.code}")
    hop_minutes = factory.LazyAttribute(lambda o: {"L1": 60, "L2": 240, "L3": 1440, "RD": 1440}[o.code])


class CategoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Category
        django_get_or_create = ("code",)

    code = "connect"
    name_zh = factory.LazyAttribute(lambda o: f"问题{o.code}")
    name_en = factory.LazyAttribute(lambda o: o.code.title())


class SafetyWordFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SafetyWord
        django_get_or_create = ("word",)

    word = "漏气"


class QueueFactory(factory.django.DjangoModelFactory):
    """The queue of a tier with a team of its own."""

    class Meta:
        model = Queue
        django_get_or_create = ("code",)

    code = factory.LazyAttribute(lambda o: f"queue-{o.tier.code.lower()}")
    name_zh = factory.LazyAttribute(lambda o: f"队列{o.code}")
    name_en = factory.LazyAttribute(lambda o: o.code.title())
    tier = factory.SubFactory(TierFactory)
    team = factory.LazyAttribute(lambda o: TeamFactory(code=f"team-{o.code}", tier=o.tier.code))


class SolutionCodeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SolutionCode
        django_get_or_create = ("code",)

    code = "guided"
    name_zh = "指导客户自行解决"
    name_en = "Customer guided to a fix"


class RootCauseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RootCause
        django_get_or_create = ("code",)

    code = "use-setting"
    name_zh = "设置不当"
    name_en = "Settings"


class EscalationReasonFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EscalationReason
        django_get_or_create = ("code",)

    code = "beyond-skill"
    name_zh = "超出本线能力"
    name_en = "Beyond this line's skill"


class StatusNameFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StatusName
        django_get_or_create = ("code",)

    code = "new"
    name_zh = factory.LazyAttribute(lambda o: f"状态{o.code}")
    name_en = factory.LazyAttribute(lambda o: o.code.replace("_", " ").capitalize())
    customer_name_zh = factory.SelfAttribute("name_zh")
    customer_name_en = factory.SelfAttribute("name_en")


class SlaPolicyFactory(factory.django.DjangoModelFactory):
    """The policy of all brands with a whole matrix and the ladder; `matrix=calendar` lets responses
    run on it, else all is natural time."""

    class Meta:
        model = SlaPolicy
        django_get_or_create = ("code", "version")
        skip_postgeneration_save = True

    code = "standard"
    version = 1
    name_zh = "标准服务承诺"
    name_en = "Standard promise"
    created_at = NOW

    @factory.post_generation
    def matrix(self: SlaPolicy, create: bool, extracted: Calendar | None, **kwargs: Any) -> None:
        if not create or self.targets.exists():
            return
        SlaTarget.objects.bulk_create(
            SlaTarget(
                policy=self,
                grade=grade,
                level=level,
                first_response_minutes=max(1, first * (10 - place) // 10),
                resolution_minutes=resolution * (10 - place) // 10,
                response_calendar=extracted,
            )
            for grade, (first, resolution) in MINUTES.items()
            for place, level in enumerate(Level.values)
        )
        EscalationStep.objects.bulk_create(
            EscalationStep(policy=self, percent=percent, recipient=recipient) for percent, recipient in LADDER
        )


def make_desk() -> dict[str, Any]:
    """The least that tickets need: tiers with queues, one policy in natural time, a category, codes, state names."""
    tiers = {code: TierFactory(code=code) for code in ("L1", "L2", "L3")}
    for code in (
        "new",
        "open",
        "waiting_customer",
        "waiting_part",
        "waiting_third_party",
        "resolved",
        "closed",
    ):
        StatusNameFactory(code=code)
    return {
        "tiers": tiers,
        "queues": {code: QueueFactory(tier=tier) for code, tier in tiers.items()},
        "policy": SlaPolicyFactory(),
        "category": CategoryFactory(),
        "solution": SolutionCodeFactory(),
        "cause": RootCauseFactory(),
        "reason": EscalationReasonFactory(),
    }


def make_timed_ticket(*, at: datetime = NOW, start: bool = True, **fields: Any) -> Ticket:
    """A ticket as intake leaves it, without timeline or assignment: for tests of time. Its clocks run unless `start` is
    off."""
    from tests.factories.channels_hub import ChannelFactory, ThreadFactory
    from tickets.services.clocks import start_clocks

    customer = fields.pop("customer", None) or CustomerFactory()
    channel = fields.pop("channel", None) or ChannelFactory()
    ticket = Ticket.objects.create(
        reference=fields.pop("reference", f"T-TIME-{next(_numbers):06d}"),
        brand=fields.pop("brand", channel.brand),
        customer=customer,
        channel=channel,
        thread=ThreadFactory(channel=channel, customer=customer),
        subject="门锁离线",
        grade=fields.pop("grade", Grade.SIMPLE),
        tier=fields.pop("tier", None) or TierFactory(),
        created_at=at,
        updated_at=at,
        last_customer_at=at,
        **fields,
    )
    if start:
        start_clocks(ticket=ticket, actor=SYSTEM, at=at)
    return ticket
