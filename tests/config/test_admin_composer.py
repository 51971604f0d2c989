"""Scripts, macros and forbidden words in the admin: checked like a form, kept with their history, at work at once."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from tests.config.admin_world import make_staff, sign_in
from tests.factories.tickets import make_desk
from tests.factories.times import NOW
from tests.factories.work import make_colleague, make_open_ticket
from tickets.models import ForbiddenWord, Macro, MacroUse
from tickets.services import forbidden

pytestmark = pytest.mark.django_db
MACRO = {
    "code": "hello",
    "kind": "script",
    "name_zh": "问候",
    "name_en": "Greeting",
    "body_zh": "{customer}您好",
    "body_en": "Hello {customer}",
    "then_status": "",
    "note": "",
    "position": "10",
    "active": "on",
}


@pytest.fixture
def boss(db: None) -> Client:
    make_desk()
    return sign_in(make_staff(Role.SUPERVISOR, "qin"))


def address(model: str, page: str, *args: Any) -> str:
    return reverse(f"admin:tickets_{model}_{page}", args=args)


def errors_of(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


def test_a_macro_is_made_changed_and_taken_back(boss: Client) -> None:
    assert boss.post(address("macro", "add"), MACRO).status_code == 302
    row = Macro.objects.get(code="hello")
    changed = {**MACRO, "body_zh": "您好，{agent}为您服务"}
    assert boss.post(address("macro", "change", row.pk), changed).status_code == 302
    row.refresh_from_db()
    assert row.body_zh == "您好，{agent}为您服务"
    history = list(row.history.order_by("history_id").values_list("body_zh", "history_user__username"))
    assert history == [("{customer}您好", "qin"), ("您好，{agent}为您服务", "qin")]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("body_zh", "{name}您好", "{name}"),
        ("body_zh", "绝对没问题", "绝对"),
        ("body_en", "I guarantee it", "guarantee"),
        ("note", "{due_at}", "{due_at}"),
        ("then_status", "waiting_part", ""),
        ("then_status", "closed", ""),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(boss: Client, field: str, value: str, said: str) -> None:
    ForbiddenWord.objects.create(word="绝对", suggestion="一般")
    ForbiddenWord.objects.create(word="guarantee", language="en")
    forbidden.forget()
    answer = boss.post(address("macro", "add"), {**MACRO, field: value})
    assert answer.status_code == 200
    found = errors_of(answer)
    assert field in found
    assert said in "".join(found[field])
    assert not Macro.objects.exists()


def test_the_list_counts_the_uses_in_a_constant_number_of_queries(
    boss: Client, django_assert_max_num_queries: Any
) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    for number in range(3):
        row = Macro.objects.create(code=f"m{number}", name_zh="名", name_en="N", body_zh="x")
        for _ in range(number):
            MacroUse.objects.create(macro=row, ticket=ticket, user=agent, at=NOW)
    boss.get(address("macro", "changelist"))
    with django_assert_max_num_queries(12):
        answer = boss.get(address("macro", "changelist"))
    assert [row.use_count for row in answer.context["cl"].result_list] == [0, 1, 2]
    assert boss.get(address("macro", "change", row.pk)).status_code == 200


def test_a_word_is_at_work_as_soon_as_it_is_saved_and_as_long_as_it_stands(
    boss: Client, django_capture_on_commit_callbacks: Any
) -> None:
    assert forbidden.check("包修好") == []
    data = {"word": "包修好", "suggestion": "尽力修", "language": "zh", "level": "stop", "active": "on"}
    with django_capture_on_commit_callbacks(execute=True):
        answer = boss.post(address("forbiddenword", "add"), {**data, "exceptions": "不包修好\n全包修好"})
    assert answer.status_code == 302
    assert [rule.exceptions for rule in forbidden.check("包修好")] == [("不包修好", "全包修好")]
    assert forbidden.check("不包修好") == []
    row = ForbiddenWord.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        boss.post(address("forbiddenword", "change", row.pk), {**data, "exceptions": "", "active": ""})
    assert forbidden.check("包修好") == []
    assert row.history.count() == 2


def test_a_word_twice_is_refused(boss: Client) -> None:
    ForbiddenWord.objects.create(word="绝对")
    data = {"word": "绝对", "suggestion": "", "language": "zh", "level": "stop", "exceptions": ""}
    assert "word" in errors_of(boss.post(address("forbiddenword", "add"), data))


@pytest.mark.parametrize("model", ["macro", "forbiddenword"])
def test_agents_look_but_do_not_change(model: str, db: None) -> None:
    agent = sign_in(make_staff(Role.AGENT, "lin"))
    assert agent.get(address(model, "changelist")).status_code == 200
    assert agent.get(address(model, "add")).status_code == 403
