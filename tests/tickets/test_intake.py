"""From what somebody asks for to a ticket: complaints together, nothing half-written, twice is once."""

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from channels_hub.enums import ChannelKind, Direction
from channels_hub.models import Channel, Message, Thread
from channels_hub.services import chat
from core.actors import NOBODY, SYSTEM
from core.errors import Conflict, InvalidInput, NotVisible
from core.models import Event, File
from customers.models import Customer, Device
from tests.factories.accounts import RegionFactory
from tests.factories.channels_hub import ChannelFactory, ThreadFactory
from tests.factories.customers import CustomerFactory, DeviceFactory, ProductFactory
from tests.factories.times import NOW
from tests.factories.work import customer_of, deliver, entries_of, make_colleague, make_ticket
from tickets.models import Ticket, TrackingLink
from tickets.services import intake, links

pytestmark = pytest.mark.django_db


@pytest.fixture
def form(desk_defaults: dict[str, Any]) -> Channel:
    return ChannelFactory(kind=ChannelKind.WEB_FORM)


@pytest.fixture
def ask(form: Channel) -> Callable[..., tuple[Ticket, str]]:
    """A request with the least that is needed, changed by what a test gives."""

    def request(**changed: Any) -> tuple[Ticket, str]:
        values: dict[str, Any] = {
            "phone": "138 1234 5678",
            "name": "周敏",
            "symptom": "网关离线了，红灯一直闪",
            "actor": NOBODY,
            "at": NOW,
        }
        return intake.request_service(**(values | changed))

    return request


def picture(name: str = "红灯.jpg") -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(stream, "JPEG")
    return SimpleUploadedFile(name, stream.getvalue(), content_type="image/jpeg")


def stored_files() -> set[Path]:
    root = Path(settings.MEDIA_ROOT) / "files"
    return {path for path in root.rglob("*") if path.is_file()} if root.exists() else set()


def rows() -> dict[str, int]:
    models = (Ticket, Customer, Thread, Message, File, TrackingLink, Event)
    return {model.__name__: model.objects.count() for model in models}


def test_a_request_becomes_a_ticket_with_the_customers_words(ask: Callable[..., tuple[Ticket, str]]) -> None:
    device = DeviceFactory(customer=None)
    city = RegionFactory(code="hangzhou")
    ticket, token = ask(
        product=device.product,
        serial=device.serial.lower(),
        error_code="ｎ03",
        purchased_on=date(2025, 7, 1),
        region=city,
        email="Zhou@Example.com",
        files=[picture()],
        custom={"articles_read": ["reset"]},
    )
    ticket.refresh_from_db()
    assert ticket.reference == f"T-2026-{ticket.pk:06d}"
    assert (ticket.subject, ticket.symptom) == ("网关离线了，红灯一直闪", "网关离线了，红灯一直闪")
    assert (ticket.product, ticket.device, ticket.serial) == (device.product, device, device.serial)
    assert (ticket.error_code, ticket.purchased_on, ticket.region) == ("N03", date(2025, 7, 1), city)
    assert ticket.custom == {"articles_read": ["reset"]}
    assert (ticket.status, ticket.grade, ticket.awaiting_reply) == ("new", "", True)
    assert (ticket.customer.phone, ticket.customer.name) == ("13812345678", "周敏")
    assert ticket.thread.reply_email == "zhou@example.com"
    message = Message.objects.get(thread=ticket.thread)
    assert (message.body, message.direction, message.files) == ("网关离线了，红灯一直闪", Direction.IN, 1)
    assert File.objects.get(owner_kind="message", owner_id=message.pk).name == "红灯.jpg"
    assert [(e.kind, e.public) for e in entries_of(ticket)] == [("event", True), ("message", True)]
    assert links.ticket_of_token(token=token, at=NOW).pk == ticket.pk
    opened = Event.objects.get(kind="tickets.opened")
    assert opened.data == {"channel_kind": "web_form", "customer_id": ticket.customer_id}


def test_every_complaint_stands_beside_its_field_at_once(ask: Callable[..., tuple[Ticket, str]]) -> None:
    ProductFactory(model="HQ-L5 Pro")
    before = rows()
    with pytest.raises(InvalidInput) as refused:
        ask(
            phone="12",
            email="nobody",
            symptom=" ",
            product="no such model",
            serial="XX 0000 1111",
            purchased_on=date(2026, 3, 18),
            region="atlantis",
            files=[SimpleUploadedFile("evil.exe", b"MZ"), SimpleUploadedFile("empty.jpg", b"")],
        )
    assert {name: len(said) for name, said in refused.value.fields.items()} == {
        "phone": 1,
        "email": 1,
        "symptom": 1,
        "product": 1,
        "serial": 1,
        "purchased_on": 1,
        "region": 1,
        "files": 2,
    }
    assert rows() == before


def test_somebody_must_be_reachable(ask: Callable[..., tuple[Ticket, str]]) -> None:
    with pytest.raises(InvalidInput) as refused:
        ask(phone="", email=" ")
    assert (list(refused.value.fields), refused.value.code) == (["phone"], "required")
    ticket, _token = ask(phone="", email="zhou@example.com")
    assert (ticket.customer.phone, ticket.customer.email) == ("", "zhou@example.com")


def test_a_purchase_today_in_shanghai_is_not_in_the_future(ask: Callable[..., tuple[Ticket, str]]) -> None:
    late = NOW.replace(hour=0, minute=5)  # still yesterday in UTC
    ticket, _token = ask(purchased_on=date(2026, 3, 17), at=late)
    assert ticket.purchased_on == date(2026, 3, 17)


def test_an_unknown_serial_is_kept_as_typed_if_the_customer_insists(
    ask: Callable[..., tuple[Ticket, str]],
) -> None:
    with pytest.raises(InvalidInput) as refused:
        ask(serial="L5P-2099-000001")
    assert refused.value.code == "unknown_serial"
    ticket, _token = ask(serial="L5P-2099-000001", serial_unverified=True)
    assert (ticket.serial, ticket.device) == ("L5P2099000001", None)
    assert ticket.custom == {"serial_unverified": True}


def test_a_serial_of_another_model_is_never_taken(ask: Callable[..., tuple[Ticket, str]]) -> None:
    device, other = DeviceFactory(), ProductFactory()
    with pytest.raises(InvalidInput) as refused:
        ask(serial=device.serial, product=other, serial_unverified=True)
    assert (list(refused.value.fields), refused.value.code) == (["serial"], "serial_of_other_model")


@pytest.mark.parametrize("typed", ["HQ-L5 Pro", "hq-l5 pro", "hq-l5-pro", "ＨＱ-L5 Pro"])
def test_a_model_is_found_by_name_or_code(typed: str, ask: Callable[..., tuple[Ticket, str]]) -> None:
    product = ProductFactory(model="HQ-L5 Pro")
    ticket, _token = ask(product=typed)
    assert ticket.product == product


def test_a_model_that_is_no_longer_served_cannot_be_chosen(ask: Callable[..., tuple[Ticket, str]]) -> None:
    product = ProductFactory(active=False)
    with pytest.raises(InvalidInput) as refused:
        ask(product=product.code)
    assert refused.value.code == "unknown_product"


def test_five_files_are_taken_and_six_are_not(ask: Callable[..., tuple[Ticket, str]]) -> None:
    with pytest.raises(InvalidInput) as refused:
        ask(files=[picture(f"{n}.jpg") for n in range(6)])
    assert (list(refused.value.fields), refused.value.code) == (["files"], "too_many_files")
    ticket, _token = ask(files=[picture(f"{n}.jpg") for n in range(5)])
    message_id = ticket.entries.get(kind="message").message_id
    assert File.objects.filter(owner_kind="message", owner_id=message_id).count() == 5


def test_a_long_story_is_refused_and_a_subject_is_its_first_line(
    ask: Callable[..., tuple[Ticket, str]],
) -> None:
    with pytest.raises(InvalidInput) as refused:
        ask(symptom="水" * 5001)
    assert (list(refused.value.fields), refused.value.code) == (["symptom"], "too_long")
    ticket, _token = ask(symptom="\n  " + "漏" * 80 + "\n第二行")
    assert ticket.subject == "漏" * 59 + "…"
    assert ticket.symptom.endswith("第二行")


def test_the_same_form_twice_is_one_ticket_and_two_good_links(
    ask: Callable[..., tuple[Ticket, str]],
) -> None:
    first, link = ask(token="form-1", files=[picture()])
    before = rows()
    again, other_link = ask(token="form-1", files=[picture()])
    assert again.pk == first.pk
    assert other_link != link
    assert (
        links.ticket_of_token(token=link, at=NOW) == links.ticket_of_token(token=other_link, at=NOW) == first
    )
    assert rows() == before | {"TrackingLink": before["TrackingLink"] + 1}


@pytest.mark.parametrize(
    "changed", [{"symptom": "别的问题"}, {"files": []}, {"phone": "13912345678"}, {"error_code": "E5"}]
)
def test_the_same_form_with_other_content_is_refused(
    changed: dict[str, Any], ask: Callable[..., tuple[Ticket, str]]
) -> None:
    ask(token="form-1", files=[picture()])
    before = rows()
    with pytest.raises(Conflict) as refused:
        ask(**({"token": "form-1", "files": [picture()]} | changed))
    assert refused.value.code == "key_reused"
    assert rows() == before


def test_somebody_elses_key_is_not_mine(ask: Callable[..., tuple[Ticket, str]]) -> None:
    first, _link = ask(token="key")
    me = CustomerFactory()
    mine, _link = ask(token="key", customer=me, phone="", actor=customer_of(me))
    assert mine.pk != first.pk


def test_who_is_signed_in_asks_for_themself_only(ask: Callable[..., tuple[Ticket, str]]) -> None:
    me, other = CustomerFactory(email="me@example.com"), CustomerFactory()
    ticket, _link = ask(customer=me, phone="", name="", actor=customer_of(me))
    assert (ticket.customer, ticket.thread.reply_email) == (me, "me@example.com")
    with pytest.raises(NotVisible):
        ask(customer=other, actor=customer_of(me))


def test_a_typed_number_reveals_nothing_of_its_owner(ask: Callable[..., tuple[Ticket, str]]) -> None:
    owner = CustomerFactory(phone="13812345678", email="owner@example.com", name="吴先生")
    ticket, _link = ask()
    assert ticket.customer == owner
    assert (ticket.thread.reply_email, ticket.thread.display_name) == ("", "周敏")
    owner.refresh_from_db()
    assert (owner.name, owner.email) == ("吴先生", "owner@example.com")


def test_nothing_is_half_written_when_the_work_fails(
    ask: Callable[..., tuple[Ticket, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, files = rows(), stored_files()

    def broken(**_: Any) -> str:
        assert len(stored_files()) == len(files) + 1
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(intake.links, "issue_link", broken)
    with pytest.raises(RuntimeError):
        ask(files=[picture()], token="form-1")
    assert (rows(), stored_files()) == (before, files)
    monkeypatch.undo()
    ticket, _link = ask(files=[picture()], token="form-1")
    assert ticket.pk == Ticket.objects.get().pk


def test_requests_are_not_taken_without_a_form_channel(desk_defaults: dict[str, Any]) -> None:
    ChannelFactory(kind=ChannelKind.WEB_FORM, enabled=False)
    with pytest.raises(Conflict) as refused:
        intake.request_service(phone="13812345678", symptom="不制冷", actor=NOBODY, at=NOW)
    assert refused.value.code == "not_set_up"


def test_the_brand_of_the_model_answers(ask: Callable[..., tuple[Ticket, str]]) -> None:
    from tests.factories.customers import BrandFactory

    broadband = BrandFactory(code="heqi-broadband", is_default=False)
    own_form = ChannelFactory(kind=ChannelKind.WEB_FORM, brand=broadband)
    ticket, _link = ask(product=ProductFactory(brand=broadband))
    assert (ticket.brand, ticket.channel) == (broadband, own_form)


def test_the_year_of_a_number_is_shanghais(desk_defaults: dict[str, Any]) -> None:
    new_year = datetime.fromisoformat("2026-12-31T16:30:00+00:00")
    ticket = make_ticket(at=new_year, classified=False)
    assert ticket.reference == f"T-2027-{ticket.pk:06d}"


def test_numbers_are_drawn_before_the_row(desk_defaults: dict[str, Any]) -> None:
    first = make_ticket(classified=False)
    last = make_ticket(classified=False)
    assert (first.reference, last.reference) == (f"T-2026-{first.pk:06d}", f"T-2026-{last.pk:06d}")
    assert last.pk > first.pk


def test_opening_a_ticket_takes_four_statements(desk_defaults: dict[str, Any]) -> None:
    thread = ThreadFactory()
    channel, brand, who = thread.channel, thread.channel.brand, thread.customer
    with CaptureQueriesContext(
        connection,
    ) as queries:
        intake.open_ticket(
            customer=who, thread=thread, channel=channel, brand=brand, subject="不制冷", actor=SYSTEM, at=NOW
        )
    statements = [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) == 4, statements


def test_a_whole_request_takes_few_statements(ask: Callable[..., tuple[Ticket, str]]) -> None:
    ask(token="warm-up", phone="13912345678")
    with CaptureQueriesContext(connection) as queries:
        ask(token="form-1")
    statements = [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) <= 27, statements


# --- the web chat -------------------------------------------------------------------------------------------


@pytest.fixture
def chat_channel(desk_defaults: dict[str, Any]) -> Channel:
    return ChannelFactory(kind=ChannelKind.WEB_CHAT)


def test_a_chat_that_asks_for_a_person_becomes_a_ticket(chat_channel: Channel) -> None:
    device = DeviceFactory(customer=None)
    agent = make_colleague("林晓")
    thread, _token = chat.start_chat(
        channel=chat_channel,
        display_name="访客",
        context={"product": device.product.code, "serial": device.serial, "error_code": "n03"},
        language="zh-hans",
        about="门锁打不开",
        at=NOW,
    )
    chat.say(thread=thread, body="指纹也没反应", actor=chat.visitor(thread), at=NOW + timedelta(seconds=20))
    deliver(NOW + timedelta(seconds=21))
    ticket = Ticket.objects.get(thread=thread)
    assert (ticket.subject, ticket.symptom) == ("门锁打不开", "门锁打不开\n指纹也没反应")
    assert (ticket.product, ticket.device, ticket.error_code) == (device.product, device, "N03")
    assert ticket.channel == chat_channel
    assert ticket.assignee == agent
    said = [e.message.body for e in entries_of(ticket) if e.message]
    assert said == ["门锁打不开", "指纹也没反应"]
    assert ticket.customer.phone == ""
    thread.refresh_from_db()
    assert thread.customer == ticket.customer


def test_everything_said_in_a_chat_is_on_its_ticket_once(chat_channel: Channel) -> None:
    thread, _token = chat.start_chat(channel=chat_channel, about="你好", at=NOW)
    deliver(NOW)
    for second in range(1, 4):
        chat.say(
            thread=thread,
            body=f"第{second}句",
            actor=chat.visitor(thread),
            at=NOW + timedelta(seconds=second),
        )
        if second == 2:
            deliver(NOW + timedelta(seconds=second))
    deliver(NOW + timedelta(seconds=9))
    ticket = Ticket.objects.get()
    assert [e.message.body for e in entries_of(ticket) if e.message] == ["你好", "第1句", "第2句", "第3句"]
    assert ticket.last_customer_at == NOW + timedelta(seconds=3)


def test_asking_twice_in_one_chat_opens_one_ticket(chat_channel: Channel) -> None:
    thread, _token = chat.start_chat(channel=chat_channel, about="你好", at=NOW)
    conversation = thread.conversations.get()
    first = intake.open_for_thread(
        thread=thread, conversation=conversation, actor=chat.visitor(thread), at=NOW
    )
    again = intake.open_for_thread(
        thread=thread, conversation=conversation, actor=chat.visitor(thread), at=NOW
    )
    assert first == again
    assert Ticket.objects.count() == 1


def test_a_chat_without_words_has_a_subject_in_its_language(chat_channel: Channel) -> None:
    thread, _token = chat.start_chat(channel=chat_channel, language="en", at=NOW)
    ticket = intake.open_for_thread(
        thread=thread, conversation=thread.conversations.get(), actor=SYSTEM, at=NOW
    )
    assert (ticket.subject, ticket.symptom) == ("A conversation in the web chat", "")


def test_a_serial_of_another_model_in_a_chats_context_is_only_text(chat_channel: Channel) -> None:
    device, other = DeviceFactory(), ProductFactory()
    thread, _token = chat.start_chat(
        channel=chat_channel,
        context={"product": other.code, "serial": device.serial},
        about="坏了",
        at=NOW,
    )
    deliver(NOW)
    ticket = Ticket.objects.get()
    assert (ticket.product, ticket.device, ticket.serial) == (other, None, device.serial)


def test_a_number_left_in_the_chat_names_the_tickets_customer(chat_channel: Channel) -> None:
    known = CustomerFactory(phone="13812345678", level="gold")
    thread, _token = chat.start_chat(channel=chat_channel, about="门锁打不开", at=NOW)
    deliver(NOW)
    ticket = Ticket.objects.get()
    stranger, promised = ticket.customer, ticket.sla_target
    chat.leave_contact(thread=thread, phone="138-1234-5678", actor=chat.visitor(thread), at=NOW)
    deliver(NOW)
    ticket.refresh_from_db()
    assert (ticket.customer, ticket.level) == (known, "gold")
    assert ticket.customer != stranger
    assert (promised.level, ticket.sla_target.level) == ("normal", "gold")
    assert Device.objects.count() == 0
