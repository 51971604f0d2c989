"""A little of everything that the admin shows."""

from datetime import timedelta
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.enums import Role, UserKind
from accounts.models import DutyReason, Shift, User
from accounts.services.notices import notify
from accounts.services.roles import ensure_roles
from channels_hub.models import Outlet
from core.actors import SYSTEM
from core.models import Delivery, Event, Seal, Timer
from core.services.files import store_file
from customers.models import Brand
from knowledge.models import Article, ArticleFeedback, ArticleVersion, Problem, SearchLog
from tests.factories.accounts import RegionFactory, SkillFactory, UserFactory
from tests.factories.channels_hub import ChannelFactory, OutboxFactory
from tests.factories.customers import (
    BrandFactory,
    ConsentFactory,
    DeviceFactory,
    ErrorCodeFactory,
    FirmwareFactory,
    ProductFactory,
    ProductLineFactory,
    WarrantyPolicyFactory,
)
from tests.factories.surveys import ReasonTagFactory, SurveyFactory, make_rating
from tests.factories.tickets import OFFICE, CalendarFactory, SafetyWordFactory, make_desk
from tests.factories.times import NOW
from tests.factories.work import actor_of, deliver, make_colleague, make_open_ticket
from tickets.models import AlertWord, ForbiddenWord, Macro
from tickets.services.alerts import raise_alert
from tickets.services.bulk import start
from tickets.services.duplicates import dismiss
from tickets.services.escalate import escalate
from tickets.services.merge import merge
from tickets.services.relations import link


def make_world(rows: int = 1) -> dict[str, Any]:
    """`rows` of everything that grows: tickets with talk, devices, ratings, letters, events …"""
    codes = make_desk()
    SurveyFactory()
    SafetyWordFactory()
    ForbiddenWord.objects.create(word="绝对", suggestion="一般")
    Macro.objects.create(code="hello", name_zh="问候", name_en="Greeting", body_zh="{customer}您好")
    WarrantyPolicyFactory()
    AlertWord.objects.create(word="曝光", word_class="exposure")
    DutyReason.objects.create(code="lunch", name_zh="午餐", name_en="Lunch")
    Outlet.objects.create(via="email")
    ensure_roles()
    agent = make_colleague("林晓", ticket_capacity=100)
    make_colleague("赵磊", tier="L2", ticket_capacity=100)
    tickets = [one_row(n, agent, codes) for n in range(rows)]
    deliver(NOW + timedelta(minutes=5))
    return {**codes, "agent": agent, "tickets": tickets}


def together(n: int, ticket: Any, agent: User) -> None:
    """Another ticket of the customer became part of this one, a third is linked, a fourth differs; one verb ran."""
    at, actor = NOW + timedelta(minutes=n), actor_of(agent)
    part, linked, other = (make_open_ticket(agent, customer=ticket.customer, at=at) for _ in range(3))
    merge(source=part, target=ticket, actor=actor, at=at)
    link(ticket=ticket, other=linked, kind="related", actor=actor, at=at)
    dismiss(ticket=ticket, other=other, actor=actor, at=at)
    start(action="note", ticket_ids=[linked.pk], params={"body": "x"}, key=f"run-{n}", actor=actor, at=at)


def one_row(n: int, agent: User, codes: dict[str, Any]) -> Any:
    """One more of each."""
    at = NOW + timedelta(minutes=n)
    ticket = make_open_ticket(agent, at=at)
    make_rating(2, agent=agent, at=at)
    escalate(
        ticket=ticket,
        reason=codes["reason"],
        category=codes["category"],
        steps_tried="重启",
        evidence="红灯",
        actor=actor_of(agent),
        at=at,
    )
    together(n, ticket, agent)
    raise_alert(ticket=ticket, word_class="complaint", word="投诉", actor=SYSTEM, at=at)
    about = {"kind": "tickets.mentioned", "subject_kind": "ticket", "subject_id": ticket.pk}
    data = {"note_id": n, "by": agent.pk}
    notify(recipients=[agent.pk], **about, data=data, dedupe=f"world:{n}", actor=SYSTEM, at=at)
    line = ProductLineFactory(code=f"line-{n}")
    product = ProductFactory(line=line)
    FirmwareFactory(product=product, version=f"2.{n}")
    ErrorCodeFactory(line=line, code=f"E{n}")
    DeviceFactory(product=product, customer=ticket.customer)
    ConsentFactory(customer=ticket.customer)
    RegionFactory()
    SkillFactory()
    ReasonTagFactory(code=f"tag-{n}")
    names = {"name_zh": "牌", "name_en": "Brand", "company_zh": "司", "company_en": "Company"}
    Brand.objects.get_or_create(
        code=f"brand-{n}", defaults={**names, "hotline": "400", "sms_signature": "牌"}
    )
    ChannelFactory(code=f"channel-{n}", brand=BrandFactory())
    OutboxFactory(state="failed", last_error="550 no such user")
    Shift.objects.create(agent=agent.agent, starts_at=at, ends_at=at + timedelta(hours=8))
    event = Event.objects.order_by("-pk")[0]
    Delivery.objects.create(event=event, subscriber=f"test.{n}", state="done", next_at=at, done_at=at)
    Timer.objects.create(
        due_at=at, kind="test", subject_id=n, dedupe=f"test:{n}", dead=True, last_error="boom"
    )
    Seal.objects.create(
        at=at, last_txid=0, last_event_id=0, events=0, previous_hash=f"{n}" * 8, hash=f"{n:064d}"
    )
    store_file(
        SimpleUploadedFile(f"log-{n}.txt", b"light is red"),
        owner_kind="message",
        owner_id=1,
        actor=SYSTEM,
        at=at,
    )
    CalendarFactory(code=f"hours-{n}", windows=OFFICE)
    entry = {"user": agent, "content_type": ContentType.objects.get_for_model(Brand), "object_repr": "Brand"}
    LogEntry.objects.create(action_flag=CHANGE, change_message="changed", **entry)
    article = Article.objects.create(
        slug=f"article-{n}", kind="manual", problem=problem(n), owner=UserFactory()
    )
    version = ArticleVersion.objects.create(
        article=article, number=1, title_zh="配网", body_zh="先看灯", created_at=at
    )
    Article.objects.filter(pk=article.pk).update(current=version, status="published", published_at=at)
    ArticleFeedback.objects.create(article=article, version=version, reader=f"r{n}", solved=False, at=at)
    SearchLog.objects.create(query=f"离线{n}", language="zh", results=0, at=at)
    return ticket


def problem(n: int) -> Problem:
    return Problem.objects.get_or_create(
        code=f"problem-{n}", defaults={"name_zh": "离线", "name_en": "Offline"}
    )[0]


def make_root(**fields: Any) -> User:
    return User.objects.create_superuser("root", password="x", kind=UserKind.STAFF, **fields)


def make_staff(role: Role, name: str = "") -> User:
    """Somebody who may enter the admin in a role."""
    ensure_roles()
    user = UserFactory(is_staff=True, **({"username": name} if name else {}))
    user.groups.add(Group.objects.get(name=role))
    return user


def sign_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


__all__ = ["make_root", "make_staff", "make_world", "one_row", "sign_in"]
