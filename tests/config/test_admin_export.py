"""Files out of the admin: only what their reader may see, contact data masked, nothing that a spreadsheet would run."""

import csv
import io
from typing import Any

import openpyxl
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.enums import Role
from accounts.models import User
from core import admin_export
from core.admin_export import RISKY, quoted
from customers.models import Customer, Device
from tests.config.admin_world import make_root, make_staff, sign_in
from tests.factories.customers import CustomerFactory, ProductFactory
from tests.factories.tickets import make_desk
from tests.factories.work import make_colleague, make_open_ticket
from tickets.models import Category, SafetyWord


@pytest.fixture
def codes(db: None) -> dict[str, Any]:
    return make_desk()


@pytest.fixture
def boss(codes: dict[str, Any]) -> Client:
    return sign_in(make_staff(Role.SUPERVISOR, "qin"))


def export(client: Client, model: str, kind: int = 0, **query: Any) -> Any:
    address = reverse(f"admin:{model}_export")
    form = client.get(address).context["form"]
    data = {name: "on" for name, field in form.fields.items() if getattr(field, "is_selectable_field", False)}
    suffix = "?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""
    return client.post(address + suffix, {**data, "format": str(kind), "resource": "0"})


def table(response: Any) -> list[dict[str, str]]:
    text = response.content.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_tickets_come_with_masked_people(boss: Client) -> None:
    ticket = make_open_ticket(make_colleague("林晓"))
    [row] = table(export(boss, "tickets_ticket"))
    assert row["number"] == ticket.reference
    assert row["customer"] == "周女士"
    assert row["phone"] == f"{ticket.customer.phone[:3]}****{ticket.customer.phone[-4:]}"
    assert ticket.customer.phone not in export(boss, "tickets_ticket").content.decode()


def test_whoever_holds_the_right_gets_whole_numbers(codes: dict[str, Any]) -> None:
    customer = CustomerFactory(phone="13812345678", email="zhou@example.com")
    user = make_staff(Role.SUPERVISOR)
    [row] = table(export(sign_in(user), "customers_customer"))
    assert (row["phone"], row["email"]) == ("138****5678", "z***@example.com")
    kind = ContentType.objects.get_for_model(Customer)
    right = Permission.objects.get_or_create(codename="export_contacts", content_type=kind)[0]
    user.user_permissions.add(right)
    [row] = table(export(sign_in(User.objects.get(pk=user.pk)), "customers_customer"))
    assert (row["phone"], row["email"]) == (customer.phone, customer.email)


def test_the_filters_of_the_list_apply(boss: Client) -> None:
    lin = make_colleague("林晓")
    one, _two = make_open_ticket(lin), make_open_ticket(make_colleague("赵磊"))
    rows = table(export(boss, "tickets_ticket", assignee=lin.pk))
    assert [row["number"] for row in rows] == [one.reference]


def test_a_lead_exports_the_own_teams_tickets_only(codes: dict[str, Any]) -> None:
    ticket, lead = make_open_ticket(make_colleague("林晓")), make_staff(Role.LEAD)
    assert table(export(sign_in(lead), "tickets_ticket")) == []
    team = ticket.queue.team
    team.lead = lead
    team.save()
    assert len(table(export(sign_in(lead), "tickets_ticket"))) == 1


def test_who_may_not_see_a_list_gets_no_file(codes: dict[str, Any]) -> None:
    client = sign_in(make_staff(Role.EDITOR))
    assert client.get(reverse("admin:tickets_ticket_export")).status_code == 403
    assert client.post(reverse("admin:tickets_ticket_export"), {"format": "0"}).status_code == 403


def test_taking_data_out_is_on_record(boss: Client) -> None:
    export(boss, "tickets_ticket", need="overdue", q="13812345678")
    entry = LogEntry.objects.get()
    assert entry.user.username == "qin"
    assert entry.change_message == "exported need=overdue"


# --- formulas ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_what_begins_like_a_formula_is_quoted(text: str) -> None:
    assert quoted(text) == f"'{text}"


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert not str(quoted(text)).startswith(RISKY)


def test_ordinary_cells_stay_as_they_are() -> None:
    assert quoted("网关=离线") == "网关=离线"
    assert quoted(-5) == -5
    assert quoted(None) is None


@pytest.mark.parametrize("kind", [0, 1])
def test_a_subject_that_is_a_formula_comes_out_as_text(kind: int, boss: Client) -> None:
    make_open_ticket(make_colleague("林晓"), subject='=HYPERLINK("http://evil.example";"click")')
    response = export(boss, "tickets_ticket", kind)
    if kind == 0:
        assert table(response)[0]["subject"].startswith("'=HYPERLINK")
        return
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    names = [cell.value for cell in sheet[1]]
    cell = sheet[2][names.index("subject")]
    assert cell.data_type == "s"
    assert cell.value.startswith("'=HYPERLINK")


def test_control_characters_do_not_break_a_workbook(boss: Client) -> None:
    make_open_ticket(make_colleague("林晓"), subject="坏\x07了")
    sheet = openpyxl.load_workbook(io.BytesIO(export(boss, "tickets_ticket", 1).content)).active
    assert "坏了" in [cell.value for cell in sheet[2]]


def test_a_file_has_a_limit(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_export, "EXPORT_LIMIT", 1)
    lin = make_colleague("林晓")
    make_open_ticket(lin)
    assert export(boss, "tickets_ticket").status_code == 200
    make_open_ticket(lin)
    response = export(boss, "tickets_ticket")
    assert response.status_code == 302
    assert boss.get(response.url).status_code == 200


# --- imports -------------------------------------------------------------------------------------------------
def upload(client: Client, model: str, text: str, name: str = "rows.csv") -> Any:
    file = SimpleUploadedFile(name, text.encode())
    return client.post(
        reverse(f"admin:{model}_import"), {"import_file": file, "format": "0", "resource": "0"}
    )


def confirm(client: Client, model: str, preview: Any) -> Any:
    data = preview.context["confirm_form"].initial
    return client.post(reverse(f"admin:{model}_process_import"), data)


def test_devices_come_in_after_a_look(codes: dict[str, Any]) -> None:
    root, product = sign_in(make_root()), ProductFactory(model="HQ-L5")
    preview = upload(root, "customers_device", "serial,product,firmware\nl5p-2025 000001,HQ-L5,2.4.0\n")
    assert not Device.objects.exists()
    assert confirm(root, "customers_device", preview).status_code == 302
    device = Device.objects.get()
    assert (device.serial, device.product, device.firmware) == ("L5P2025000001", product, "2.4.0")


def test_an_import_cannot_touch_what_a_service_writes(codes: dict[str, Any]) -> None:
    root = sign_in(make_root())
    ProductFactory(model="HQ-L5")
    text = "serial,product,status,status_since\nL5P2025000001,HQ-L5,online,2026-03-17 10:00:00\n"
    confirm(root, "customers_device", upload(root, "customers_device", text))
    device = Device.objects.get()
    assert (device.status, device.status_since) == ("unknown", None)


def test_a_wrong_row_says_so_and_nothing_comes_in(codes: dict[str, Any]) -> None:
    root = sign_in(make_root())
    text = "code,name_zh,name_en,default_grade\nnew-one,新的,New,terrible\n"
    preview = upload(root, "tickets_category", text)
    assert "confirm_form" not in preview.context
    assert preview.context["result"].has_validation_errors()
    assert not Category.objects.filter(code="new-one").exists()


def test_what_was_exported_can_be_imported(codes: dict[str, Any]) -> None:
    root = sign_in(make_root())
    word = SafetyWord.objects.create(word="=漏气", exceptions=["漏气检测仪"])
    text = export(root, "tickets_safetyword").content.decode()
    SafetyWord.objects.filter(pk=word.pk).delete()
    confirm(root, "tickets_safetyword", upload(root, "tickets_safetyword", text))
    found = SafetyWord.objects.get()
    assert (found.word, found.exceptions) == ("=漏气", ["漏气检测仪"])


def test_an_import_has_a_limit(codes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_export, "IMPORT_LIMIT", 1)
    root = sign_in(make_root())
    preview = upload(root, "tickets_safetyword", "word,exceptions\n漏气,[]\n焦味,[]\n")
    assert "confirm_form" not in preview.context
    assert not SafetyWord.objects.exists()


def test_an_import_leaves_history(codes: dict[str, Any]) -> None:
    root = sign_in(make_root())
    confirm(root, "tickets_safetyword", upload(root, "tickets_safetyword", "word,exceptions\n漏气,[]\n"))
    assert SafetyWord.history.get().history_user.username == "root"


def test_who_may_only_look_imports_nothing(codes: dict[str, Any]) -> None:
    client = sign_in(make_staff(Role.QUALITY))
    assert client.get(reverse("admin:customers_device_import")).status_code == 403
    assert upload(client, "customers_device", "serial\nA\n").status_code == 403


def test_columns_have_the_words_of_the_model(boss: Client) -> None:
    make_open_ticket(make_colleague("林晓"))
    [row] = table(export(boss, "tickets_ticket"))
    assert list(row) == [
        *(
            "number",
            "subject",
            "customer",
            "phone",
            "level when it was opened",
            "grade",
            "category",
            "state",
            "queue",
        ),
        *("tier", "assignee", "channel", "model", "created at", "first answered at", "due at", "resolved at"),
        *("closed at", "solution", "root cause"),
    ]


def test_the_ticked_rows_go_through_the_same_page(boss: Client) -> None:
    lin = make_colleague("林晓")
    one, two, _three = (make_open_ticket(lin) for _n in range(3))
    response = boss.post(
        reverse("admin:tickets_ticket_changelist"),
        {"action": "export_selected", "_selected_action": [one.pk, two.pk]},
    )
    assert response.url.startswith(reverse("admin:tickets_ticket_export"))
    chosen = response.url.partition("pk__in=")[2]
    rows = table(export(boss, "tickets_ticket", pk__in=chosen))
    assert {row["number"] for row in rows} == {one.reference, two.reference}


def test_quality_may_export_what_it_sees(codes: dict[str, Any]) -> None:
    ticket, client = make_open_ticket(make_colleague("林晓")), sign_in(make_staff(Role.QUALITY))
    chosen = {"action": "export_selected", "_selected_action": [ticket.pk]}
    assert client.post(reverse("admin:tickets_ticket_changelist"), chosen).status_code == 302
    assert len(table(export(client, "tickets_ticket"))) == 1
