"""Rules, articles, follow-ups, machinery: edited in the admin through the same services as everywhere."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from accounts.enums import DutyState, Role
from accounts.models import Agent
from channels_hub.enums import SendState
from channels_hub.models import Outbox
from core import clock
from core.models import Delivery, Event, Timer
from core.models.delivery import DeliveryState
from customers.models import Customer
from knowledge.enums import ArticleStatus
from knowledge.models import Article, ArticleVersion
from surveys.enums import FollowUpState
from surveys.models import BadRatingFollowUp
from tests.config.admin_world import make_staff, sign_in
from tests.factories.channels_hub import OutboxFactory
from tests.factories.customers import CustomerFactory, DeviceFactory
from tests.factories.surveys import make_rating
from tests.factories.tickets import OFFICE, CalendarFactory, make_desk, make_timed_ticket
from tests.factories.times import NOW
from tests.factories.work import make_colleague, make_open_ticket
from tickets.models import Calendar, Category, Queue, SlaPolicy, StatusName

LATER = NOW + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def _later(db: None) -> Any:
    with clock.at_time(LATER):
        yield


@pytest.fixture
def codes(db: None) -> dict[str, Any]:
    return make_desk()


@pytest.fixture
def boss(codes: dict[str, Any]) -> Client:
    return sign_in(make_staff(Role.SUPERVISOR, "qin"))


def address(model: str, page: str, *args: Any) -> str:
    return reverse(f"admin:{model}_{page}", args=args)


def values_of(form: Any) -> dict[str, Any]:
    return {name: form[name].value() for name in form.fields if form[name].value() not in (None, "", [])}


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def bulk(client: Client, model: str, action: str, rows: list[Any], **data: Any) -> Any:
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(address(model, "changelist"), {**chosen, **data})


# --- the matrix ----------------------------------------------------------------------------------------------
class TestMatrix:
    def url(self, policy: SlaPolicy) -> str:
        return address("tickets_slapolicy", "change", policy.pk)

    def filled(self, client: Client, policy: SlaPolicy, **changed: Any) -> dict[str, Any]:
        form = client.get(self.url(policy)).context["form"]
        data = {name: form[name].value() for name in form.fields}
        return {**{name: value for name, value in data.items() if value is not None}, **changed}

    def test_it_is_a_grid_of_grades_and_levels(self, boss: Client, codes: dict[str, Any]) -> None:
        response = boss.get(self.url(codes["policy"]))
        rows = response.context["form"].rows()
        assert [len(row["cells"]) for row in rows] == [6, 6, 6, 6]
        assert response.context["editable"] is True

    def test_a_change_is_shown_before_it_is_made(self, boss: Client, codes: dict[str, Any]) -> None:
        ticket = make_timed_ticket(at=NOW, level="gold")
        cell = codes["policy"].targets.get(grade="simple", level="gold")
        data = self.filled(boss, codes["policy"], **{"simple-gold-first_response_minutes": 5})
        response = boss.post(self.url(codes["policy"]), data)
        preview = response.context["preview"]
        assert preview["cells"][0]["fields"][0][1:] == (cell.first_response_minutes, 5)
        assert preview["effect"].tickets == 1
        assert ticket.reference in response.content.decode()
        assert SlaPolicy.objects.count() == 1

    def test_confirmed_it_becomes_the_next_version(self, boss: Client, codes: dict[str, Any]) -> None:
        old = codes["policy"]
        data = self.filled(boss, old, **{"simple-gold-first_response_minutes": 5, "confirm_hours": 48})
        response = boss.post(self.url(old), {**data, "confirm": "1"})
        new = SlaPolicy.objects.get(is_current=True)
        assert response.url == self.url(new)
        assert (new.version, new.confirm_hours) == (2, 48)
        assert new.targets.get(grade="simple", level="gold").first_response_minutes == 5
        assert new.targets.count() == 24
        assert old.targets.get(grade="simple", level="gold").first_response_minutes != 5
        assert new.history.get().history_user.username == "qin"

    def test_an_older_version_can_only_be_looked_at(self, boss: Client, codes: dict[str, Any]) -> None:
        old = codes["policy"]
        data = self.filled(boss, old, **{"confirm_hours": 48, "confirm": "1"})
        boss.post(self.url(old), data)
        page = boss.get(self.url(old))
        assert page.context["editable"] is False
        assert all(field.disabled for field in page.context["form"].fields.values())
        assert boss.post(self.url(old), data).status_code == 403

    def test_two_people_at_once(self, boss: Client, codes: dict[str, Any]) -> None:
        """Who comes second is told; nothing of theirs is half-made."""
        old = codes["policy"]
        first = self.filled(boss, old, confirm_hours=48, confirm="1")
        second = self.filled(boss, old, confirm_hours=24, confirm="1")
        assert boss.post(self.url(old), first).status_code == 302
        assert boss.post(self.url(old), second).status_code == 403
        assert SlaPolicy.objects.get(is_current=True).confirm_hours == 48

    def test_wrong_input_stands_in_its_cell(self, boss: Client, codes: dict[str, Any]) -> None:
        wrong = {"simple-gold-first_response_minutes": 0, "major-normal-resolution_minutes": "x"}
        response = boss.post(self.url(codes["policy"]), self.filled(boss, codes["policy"], **wrong))
        assert response.status_code == 400
        assert sorted(response.context["form"].errors) == sorted(wrong)
        assert SlaPolicy.objects.count() == 1

    def test_the_ladder_is_checked(self, boss: Client, codes: dict[str, Any]) -> None:
        for ladder in ("75 nobody", "soon lead", "75"):
            response = boss.post(self.url(codes["policy"]), self.filled(boss, codes["policy"], ladder=ladder))
            assert list(response.context["form"].errors) == ["ladder"], ladder
        twice = self.filled(boss, codes["policy"], ladder="75 lead\n75 owner", confirm="1")
        assert boss.post(self.url(codes["policy"]), twice).context["form"].errors.keys() == {"ladder"}
        fine = self.filled(boss, codes["policy"], ladder="90% manager\n\n60 owner", confirm="1")
        assert boss.post(self.url(codes["policy"]), fine).status_code == 302
        new = SlaPolicy.objects.get(is_current=True)
        assert list(new.ladder.values_list("percent", "recipient")) == [(60, "owner"), (90, "manager")]

    def test_changing_nothing_makes_no_version(self, boss: Client, codes: dict[str, Any]) -> None:
        data = self.filled(boss, codes["policy"])
        assert boss.post(self.url(codes["policy"]), data).context["preview"]["nothing"] is True
        boss.post(self.url(codes["policy"]), {**data, "confirm": "1"})
        assert SlaPolicy.objects.count() == 1

    def test_open_tickets_follow_by_a_job(self, boss: Client, codes: dict[str, Any]) -> None:
        policy = codes["policy"]
        page = boss.get(address("tickets_slapolicy", "do", policy.pk, "apply"))
        assert page.context["effect"].tickets == 0
        boss.post(address("tickets_slapolicy", "do", policy.pk, "apply"), {"form_token": "t"})
        [job] = OrmQ.objects.all()
        assert job.task["func"] == "tickets.jobs.apply_policy"
        assert job.task["args"][0] == policy.pk


# --- calendars -----------------------------------------------------------------------------------------------
def calendar_data(
    client: Client, calendar: Calendar, *, add: list[dict[str, Any]] | None = None, **own: Any
) -> Any:
    page = client.get(address("tickets_calendar", "change", calendar.pk))
    data = values_of(page.context["adminform"].form)
    for formset in (inline.formset for inline in page.context["inline_admin_formsets"]):
        prefix = formset.prefix
        rows = [values_of(form) for form in formset.initial_forms] + (add or [] if prefix == "days" else [])
        data |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": len(formset.initial_forms)}
        for n, row in enumerate(rows):
            data |= {f"{prefix}-{n}-{name}": value for name, value in row.items()}
            data[f"{prefix}-{n}-calendar"] = calendar.pk
    return {**data, **own}


class TestCalendars:
    def test_saving_makes_the_next_version(self, boss: Client) -> None:
        old = CalendarFactory(code="office", windows=OFFICE)
        holiday = {"date": "2026-05-01", "kind": "holiday", "note": "劳动节"}
        half = {"date": "2026-05-09", "kind": "working", "windows": "09:00-12:00"}
        data = calendar_data(boss, old, add=[holiday, half], name_en="Office")
        response = boss.post(address("tickets_calendar", "change", old.pk), data)
        assert response.status_code == 302, response.context["errors"]
        new = Calendar.objects.get(code="office", is_current=True)
        assert response.url == address("tickets_calendar", "change", new.pk)
        assert (new.version, new.name_en, new.windows.count()) == (2, "Office", 10)
        assert list(new.days.values_list("date", "windows")) == [
            (date(2026, 5, 1), []),
            (date(2026, 5, 9), [["09:00", "12:00"]]),
        ]
        assert old.days.count() == 0
        assert Calendar.objects.get(pk=old.pk).name_en == "Round the clock"

    def test_the_matrix_follows(self, boss: Client, codes: dict[str, Any]) -> None:
        old = CalendarFactory(code="office", windows=OFFICE)
        codes["policy"].targets.update(response_calendar=old)
        boss.post(address("tickets_calendar", "change", old.pk), calendar_data(boss, old, name_en="Office"))
        current = SlaPolicy.objects.get(is_current=True)
        assert {target.response_calendar.version for target in current.targets.all()} == {2}

    def test_what_the_service_refuses_stands_above_the_form(self, boss: Client) -> None:
        old = CalendarFactory(code="office", windows=OFFICE)
        day = {"date": "2026-05-01", "kind": "working", "windows": "12:00-09:00", "note": "x"}
        response = boss.post(
            address("tickets_calendar", "change", old.pk), calendar_data(boss, old, add=[day])
        )
        assert response.status_code == 200
        assert "must end after it begins" in str(response.context["adminform"].form.errors)
        assert Calendar.objects.count() == 1
        zone = calendar_data(boss, old, time_zone="Mars/Base")
        response = boss.post(address("tickets_calendar", "change", old.pk), zone)
        assert response.context["adminform"].form.errors.keys() == {"time_zone"}

    def test_a_span_that_is_none_stands_beside_the_field(self, boss: Client) -> None:
        old = CalendarFactory(code="office", windows=OFFICE)
        day = {"date": "2026-05-01", "kind": "working", "windows": "nine to five"}
        response = boss.post(
            address("tickets_calendar", "change", old.pk), calendar_data(boss, old, add=[day])
        )
        days = response.context["inline_admin_formsets"][1].formset
        assert days.errors[0]["windows"] == ["“nine to five” is no span of time."]

    def test_a_superseded_version_can_only_be_looked_at(self, boss: Client) -> None:
        old = CalendarFactory(code="office", windows=OFFICE)
        data = calendar_data(boss, old, name_en="Office")
        boss.post(address("tickets_calendar", "change", old.pk), data)
        page = boss.get(address("tickets_calendar", "change", old.pk))
        assert page.context["adminform"].form.fields == {}
        assert boss.post(address("tickets_calendar", "change", old.pk), data).status_code == 403

    def test_changing_nothing_makes_no_version(self, boss: Client) -> None:
        old = CalendarFactory(code="office", windows=OFFICE)
        boss.post(address("tickets_calendar", "change", old.pk), calendar_data(boss, old))
        assert Calendar.objects.count() == 1

    def test_a_new_calendar_must_open_at_some_time(self, boss: Client) -> None:
        empty = {f"{p}-{k}_FORMS": 0 for p in ("windows", "days") for k in ("TOTAL", "INITIAL")}
        names = {"code": "night", "name_zh": "夜", "name_en": "Night", "time_zone": "Asia/Shanghai"}
        url = address("tickets_calendar", "add")
        refused = boss.post(url, {**names, **empty})
        assert "at least one opening time" in str(refused.context["adminform"].form.errors)
        assert not Calendar.objects.filter(code="night").exists()
        window = {"windows-0-weekday": 0, "windows-0-opens": "18:00", "windows-0-closes": "22:00"}
        assert boss.post(url, {**names, **empty, **window, "windows-TOTAL_FORMS": 1}).status_code == 302
        assert Calendar.objects.get(code="night").windows.count() == 1


# --- categories, queues, names -------------------------------------------------------------------------------
class TestConfiguration:
    def post(self, client: Client, row: Any, **changed: Any) -> Any:
        url = address(row._meta.label_lower.replace(".", "_"), "change", row.pk)
        page = client.get(url)
        data = values_of(page.context["adminform"].form)
        for inline in page.context["inline_admin_formsets"]:
            prefix = inline.formset.prefix
            data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
        return client.post(url, {**data, **changed})

    def test_words_are_typed_one_a_line(self, boss: Client, codes: dict[str, Any]) -> None:
        response = self.post(boss, codes["category"], keywords="离线\n 掉线 \n\n离线")
        assert response.status_code == 302
        assert Category.objects.get(pk=codes["category"].pk).keywords == ["离线", "掉线"]

    def test_a_category_is_not_part_of_itself(self, boss: Client, codes: dict[str, Any]) -> None:
        top = codes["category"]
        part = Category.objects.create(code="wifi", name_zh="网", name_en="Wifi", parent=top)
        response = self.post(boss, top, parent=part.pk)
        assert response.context["adminform"].form.errors.keys() == {"parent"}

    def test_three_levels_eight_parts(self, boss: Client, codes: dict[str, Any]) -> None:
        one = codes["category"]
        for n in range(8):
            Category.objects.create(code=f"part-{n}", name_zh="部", name_en="Part", parent=one)
        other = Category.objects.create(code="other", name_zh="其他", name_en="Other")
        full = self.post(boss, other, parent=one.pk)
        assert full.context["adminform"].form.errors == {"parent": ["At most eight parts each."]}
        two = Category.objects.get(code="part-0")
        three = Category.objects.create(code="deep", name_zh="深", name_en="Deep", parent=two)
        deep = self.post(boss, other, parent=three.pk)
        assert deep.context["adminform"].form.errors == {"parent": ["At most three levels."]}

    def test_a_queue_keeps_who_changed_it(self, boss: Client, codes: dict[str, Any]) -> None:
        queue = codes["queues"]["L1"]
        response = self.post(boss, queue, channel_kinds=["web_chat"], levels=["gold"], position=3)
        assert response.status_code == 302
        found = Queue.objects.get(pk=queue.pk)
        assert (found.channel_kinds, found.levels, found.position) == (["web_chat"], ["gold"], 3)
        record = Queue.history.first()
        assert (record.history_user.username, record.position) == ("qin", 3)

    def test_a_state_is_renamed_not_added(self, boss: Client, codes: dict[str, Any]) -> None:
        assert boss.get(address("tickets_statusname", "add")).status_code == 403
        name = StatusName.objects.get(code="open")
        assert self.post(boss, name, name_en="In progress", code="closed").status_code == 302
        assert StatusName.objects.get(pk=name.pk).code == "open"
        ticket = make_open_ticket(make_colleague("林晓"))
        page = boss.get(address("tickets_ticket", "change", ticket.pk))
        assert page.context["status"] == "In progress"

    def test_list_editing_saves_and_keeps_history(self, boss: Client, codes: dict[str, Any]) -> None:
        rows = list(Queue.objects.order_by("position", "code"))
        data: dict[str, Any] = {"form-TOTAL_FORMS": 3, "form-INITIAL_FORMS": 3, "_save": "Save"}
        for n, row in enumerate(rows):
            data |= {f"form-{n}-id": row.pk, f"form-{n}-position": 30 - n, f"form-{n}-active": "on"}
        shown = boss.get(address("tickets_queue", "changelist"))
        named = shown.context["cl"].formset.forms[0].fields
        assert {name: field.widget.attrs.get("aria-label") for name, field in named.items()} == {
            "position": "Position",
            "active": "Active",
            "id": None,
        }
        assert boss.post(address("tickets_queue", "changelist"), data).status_code == 302
        assert [Queue.objects.get(pk=row.pk).position for row in rows] == [30, 29, 28]
        assert Queue.history.filter(history_user__username="qin").count() == 3

    def test_nothing_that_is_referred_to_can_be_deleted(self, boss: Client, codes: dict[str, Any]) -> None:
        for row in (codes["queues"]["L1"], codes["category"], codes["policy"], codes["tiers"]["L1"]):
            url = address(row._meta.label_lower.replace(".", "_"), "delete", row.pk)
            assert boss.get(url).status_code == 403
            assert boss.post(url, {"post": "yes"}).status_code == 403


# --- articles ------------------------------------------------------------------------------------------------
class TestArticles:
    @pytest.fixture
    def editor(self, codes: dict[str, Any]) -> Client:
        return sign_in(make_staff(Role.EDITOR, "bianji"))

    def do(self, client: Client, article: Article, verb: str, **data: Any) -> Any:
        return client.post(address("knowledge_article", "do", article.pk, verb), data)

    def make(self, client: Client) -> Article:
        data = {"slug": "reset-lock", "kind": "manual", "audience": "public", "minutes": 5}
        empty = {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}
        response = client.post(address("knowledge_article", "add"), {**data, **empty})
        assert response.status_code == 302, response.context["adminform"].form.errors
        return Article.objects.get(slug="reset-lock")

    def test_from_an_idea_to_readers(self, editor: Client) -> None:
        article = self.make(editor)
        assert article.status == ArticleStatus.DRAFT
        text = {
            "title_zh": "重置门锁",
            "body_zh": "按住 **5 秒**",
            "keywords": "重置\n门锁",
            "change_note": "初稿",
        }
        assert self.do(editor, article, "text", **text).status_code == 302
        version = ArticleVersion.objects.get(article=article)
        assert (version.number, version.keywords, version.created_by.username) == (
            1,
            ["重置", "门锁"],
            "bianji",
        )
        assert self.do(editor, article, "submit").status_code == 302
        assert Article.objects.get().status == ArticleStatus.REVIEW
        assert self.do(editor, article, "publish").status_code == 302
        found = Article.objects.get()
        assert (found.status, found.current) == (ArticleStatus.PUBLISHED, version)
        page = editor.get(address("knowledge_article", "change", article.pk)).content.decode()
        assert "<strong>5 秒</strong>" in page
        assert self.do(editor, article, "retire").status_code == 302
        assert Article.objects.get().status == ArticleStatus.RETIRED

    def test_the_form_begins_with_the_newest_text(self, editor: Client) -> None:
        article = self.make(editor)
        self.do(editor, article, "text", title_zh="一", body_zh="一", keywords="a\nb")
        form = editor.get(address("knowledge_article", "do", article.pk, "text")).context["form"]
        assert (form["title_zh"].value(), form["keywords"].value()) == ("一", "a\nb")

    def test_an_older_text_comes_back(self, editor: Client) -> None:
        article = self.make(editor)
        for title in ("一", "二"):
            self.do(editor, article, "text", title_zh=title, body_zh=title)
        assert self.do(editor, article, "restore", number=9).context["form"].errors.keys() == {"number"}
        assert self.do(editor, article, "restore", number=1).status_code == 302
        assert ArticleVersion.objects.get(article=article, number=3).title_zh == "一"

    def test_what_is_wrong_stands_beside_the_field_and_nothing_is_lost(self, editor: Client) -> None:
        article = self.make(editor)
        response = self.do(editor, article, "text", title_zh="", body_zh="按住")
        assert response.context["form"].errors.keys() == {"title_zh"}
        assert response.context["form"]["body_zh"].value() == "按住"
        assert not ArticleVersion.objects.exists()

    def test_without_text_nothing_is_published(self, editor: Client) -> None:
        article = self.make(editor)
        response = self.do(editor, article, "publish")
        assert response.status_code == 409
        assert Article.objects.get().status == ArticleStatus.DRAFT

    def test_many_are_published_and_each_says_what_came_of_it(self, editor: Client) -> None:
        article = self.make(editor)
        self.do(editor, article, "text", title_zh="一", body_zh="一")
        empty = Article.objects.create(slug="empty", kind="manual")
        words = said(bulk(editor, "knowledge_article", "publish_many", [article, empty]))
        assert words[-2] == "1 published."
        assert words[-1].startswith("empty: ")


# --- follow-ups ----------------------------------------------------------------------------------------------
class TestFollowUps:
    @pytest.fixture
    def row(self, codes: dict[str, Any]) -> BadRatingFollowUp:
        make_rating(2, at=NOW)
        return BadRatingFollowUp.objects.get()

    def do(self, client: Client, row: BadRatingFollowUp, verb: str, **data: Any) -> Any:
        return client.post(address("surveys_badratingfollowup", "do", row.pk, verb), data)

    def test_take_move_finish(self, boss: Client, row: BadRatingFollowUp) -> None:
        assert self.do(boss, row, "take").status_code == 302
        assert BadRatingFollowUp.objects.get().owner.username == "qin"
        for state in ("contacting", "contacted"):
            assert self.do(boss, row, "move", state=state).status_code == 302
        unsaid = self.do(boss, row, "move", state="won_back")
        assert unsaid.context["form"].errors.keys() == {"action"}
        assert (
            self.do(boss, row, "move", state="won_back", action="道歉并换新", re_rating=5).status_code == 302
        )
        found = BadRatingFollowUp.objects.get()
        assert (found.state, found.action, found.re_rating) == (FollowUpState.WON_BACK, "道歉并换新", 5)

    def test_an_impossible_step_says_what_is_possible(self, boss: Client, row: BadRatingFollowUp) -> None:
        response = self.do(boss, row, "move", state="won_back", action="x")
        assert response.status_code == 409
        assert response.context["allowed"] == "Possible now: contacting, invalid"

    def test_never_to_the_rated_colleague(self, boss: Client, row: BadRatingFollowUp) -> None:
        response = self.do(boss, row, "assign", owner=row.rated_agent_id)
        assert response.context["form"].errors.keys() == {"owner"}
        other = make_colleague("赵磊")
        assert self.do(boss, row, "assign", owner=other.pk).status_code == 302
        assert BadRatingFollowUp.objects.get().owner == other

    def test_many(self, boss: Client, row: BadRatingFollowUp) -> None:
        words = said(bulk(boss, "surveys_badratingfollowup", "take_many", [row]))
        assert words[0].startswith("1 ")
        assert BadRatingFollowUp.objects.get().owner.username == "qin"


# --- people --------------------------------------------------------------------------------------------------
class TestPeople:
    def test_an_agent_is_signed_out(self, boss: Client, codes: dict[str, Any]) -> None:
        lin = make_colleague("林晓")
        bulk(boss, "accounts_agent", "sign_out", [lin.agent])
        assert Agent.objects.get(pk=lin.agent.pk).duty_state == DutyState.FORCED_OUT

    def test_masked_data_needs_a_reason_and_leaves_a_trace(self, boss: Client) -> None:
        customer = CustomerFactory(phone="13812345678", address="解放路 1 号")
        page = boss.get(address("customers_customer", "change", customer.pk)).content.decode()
        assert "13812345678" not in page
        assert "138****5678" in page
        assert "解放路" not in page
        reveal = address("customers_customer", "reveal", customer.pk, "phone")
        assert "13812345678" not in boss.get(reveal).content.decode()
        short = boss.post(reveal, {"reason": "x"})
        assert short.context["form"].errors.keys() == {"reason"}
        assert not Event.objects.filter(kind="customers.personal_data_revealed").exists()
        shown = boss.post(reveal, {"reason": "客户要求回电"})
        assert shown.context["value"] == "13812345678"
        assert "no-store" in shown["Cache-Control"]
        event = Event.objects.get(subject_kind="customer", subject_id=customer.pk)
        assert event.data == {"field": "phone"}
        assert (
            boss.post(
                address("customers_customer", "reveal", customer.pk, "level"), {"reason": "看看它"}
            ).status_code
            == 404
        )

    def test_a_customer_is_found_by_what_is_known_exactly(self, boss: Client) -> None:
        one, _two = (
            CustomerFactory(phone="13812345678", name="周敏"),
            CustomerFactory(name="吴越", salutation="吴先生"),
        )
        device = DeviceFactory(customer=one)
        url = address("customers_customer", "changelist")
        for term in ("138 1234 5678", "周敏", device.serial.lower()):
            assert list(boss.get(url, {"q": term}).context["cl"].result_list) == [one], term
        assert list(boss.get(url, {"q": "周"}).context["cl"].result_list) == []

    def test_editing_a_customer_changes_no_contact(self, boss: Client) -> None:
        customer = CustomerFactory(phone="13812345678")
        url = address("customers_customer", "change", customer.pk)
        page = boss.get(url)
        data = values_of(page.context["adminform"].form)
        for inline in page.context["inline_admin_formsets"]:
            data |= {f"{inline.formset.prefix}-{kind}_FORMS": 0 for kind in ("TOTAL", "INITIAL")}
        more = {"salutation": "周老师", "care_flags": ["elderly"], "phone": "13900000000", "level": "diamond"}
        assert boss.post(url, {**data, **more}).status_code == 302
        found = Customer.objects.get(pk=customer.pk)
        assert (found.salutation, found.care_flags) == ("周老师", ["elderly"])
        assert (found.phone, found.level) == ("13812345678", "normal")


# --- machinery -----------------------------------------------------------------------------------------------
class TestMachinery:
    @pytest.fixture
    def root(self, codes: dict[str, Any]) -> Client:
        return sign_in(make_staff(Role.ADMINISTRATOR))

    def test_letters_that_were_given_up_are_sent_again(self, root: Client) -> None:
        dead, sent = OutboxFactory(state="failed", attempts=8), OutboxFactory()
        response = bulk(root, "channels_hub_outbox", "send_again", [dead, sent])
        assert said(response) == ["1 will be sent again."]
        again = Outbox.objects.get(pk=dead.pk)
        assert (again.state, again.attempts, again.next_at) == (SendState.QUEUED, 0, LATER)

    def test_deliveries_and_timers_are_tried_again(self, root: Client) -> None:
        make_rating(5)
        event = Event.objects.first()
        delivery = Delivery.objects.create(
            event=event,
            subscriber="x.y",
            state=DeliveryState.DEAD,
            attempts=5,
            next_at=NOW,
            last_error="boom",
        )
        timer = Timer.objects.create(due_at=NOW, kind="k", subject_id=1, dedupe="k:1", dead=True, attempts=5)
        assert said(bulk(root, "core_delivery", "retry", [delivery])) == ["1 is tried again."]
        assert said(bulk(root, "core_timer", "retry", [timer])) == ["1 is tried again."] * 2
        found = Delivery.objects.get(pk=delivery.pk)
        assert (found.state, found.attempts, found.next_at) == (DeliveryState.QUEUED, 0, LATER)
        assert Timer.objects.get(pk=timer.pk).dead is False

    def test_who_only_looks_retries_nothing(self, codes: dict[str, Any]) -> None:
        dead = OutboxFactory(state="failed")
        bulk(sign_in(make_staff(Role.QUALITY)), "channels_hub_outbox", "send_again", [dead])
        assert Outbox.objects.get().state == SendState.FAILED

    def test_recipients_are_masked(self, root: Client) -> None:
        OutboxFactory(recipient="zhou.min@example.com")
        html = root.get(address("channels_hub_outbox", "changelist")).content.decode()
        assert "zhou.min" not in html
        assert "z***@example.com" in html

    def test_long_lists_are_not_counted_to_the_end(
        self, root: Client, monkeypatch: pytest.MonkeyPatch, codes: dict[str, Any]
    ) -> None:
        monkeypatch.setattr("core.admin_base.COUNT_LIMIT", 3)
        monkeypatch.setattr("tickets.admin.tickets.TicketAdmin.list_per_page", 2)
        tickets = [make_timed_ticket(start=False) for _n in range(7)]
        url = address("tickets_ticket", "changelist")
        first = root.get(url)
        assert "more than 3 tickets" in first.content.decode()
        last = root.get(url, {"p": 4})
        assert [row["pk"] for row in last.context["rows"]] == [tickets[0].pk]
        assert 'rel="next"' not in last.content.decode()
        assert 'rel="next"' in first.content.decode()

    def test_a_list_that_was_not_narrowed_names_no_number_above(
        self, root: Client, codes: dict[str, Any]
    ) -> None:
        make_timed_ticket(start=False)
        url = address("tickets_ticket", "changelist")
        assert "1 result" not in root.get(url).content.decode()
        assert "1 result" in root.get(url, {"state": "new"}).content.decode()
