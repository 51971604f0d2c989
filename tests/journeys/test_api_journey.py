"""Point 6: a mobile app does the customer's part and the agent's part, from an empty database."""

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from customers.models import Customer
from surveys.enums import FollowUpState
from surveys.models import BadRatingFollowUp
from tests.api_client import App, catch_texts, customer_app, problem, staff_app
from tests.factories.accounts import RegionFactory
from tests.factories.channels_hub import ChannelFactory
from tests.factories.customers import DeviceFactory, ProductFactory
from tests.factories.surveys import SurveyFactory
from tests.factories.tickets import make_desk
from tests.factories.times import NOW
from tests.factories.work import make_colleague
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

PHONE = "13812345678"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_an_app_does_the_customers_and_the_agents_part(
    monkeypatch: pytest.MonkeyPatch, settle: Callable[..., int]
) -> None:
    make_desk()
    SurveyFactory()
    ChannelFactory()
    RegionFactory(code="hangzhou")
    product = ProductFactory(model="HQ-L5 Pro")
    DeviceFactory(serial="L5P2025000042", product=product, customer=None)
    lin = make_colleague("林晓", tier="L1")
    zhou = make_colleague("周工", tier="L2")
    second = make_colleague("陈客", tier="L1")
    texts = catch_texts(monkeypatch)
    with time_machine.travel(NOW, tick=False) as moment:
        # somebody asks for service without an account
        sent = App().post(
            "requests/",
            {
                "phone": "+86 138-1234-5678",
                "name": "周敏",
                "product": product.code,
                "serial": "l5p 2025 000042",
                "symptom": "门锁离线，红灯一直闪",
                "error_code": "N05",
                "region": "hangzhou",
                "files": SimpleUploadedFile("photo.png", PNG, content_type="image/png"),
            },
            multipart=True,
            Idempotency_Key="5f0c1f0e-6f5a-4f7e-9f0e-2f8f3a1b2c3d",
        )
        assert sent.status_code == 201, sent.content
        reference = sent.json()["reference"]
        assert sent.headers["Location"] == f"/api/v1/requests/{reference}/"
        settle(at=timezone.now())

        # and signs in later with the number
        app = customer_app(PHONE, texts)
        assert app.get("me/").json()["kind"] == "customer"
        assert [row["reference"] for row in app.get("requests/").json()["results"]] == [reference]
        (said,) = [
            line
            for line in app.get(f"requests/{reference}/timeline/").json()["results"]
            if line["kind"] == "message"
        ]
        assert (said["text"], said["mine"], said["files"][0]["name"]) == (
            "门锁离线，红灯一直闪",
            True,
            "photo.png",
        )
        picture = app.get(said["files"][0]["url"])
        assert (picture.status_code, b"".join(picture.streaming_content)) == (200, PNG)

        # an agent finds it in the queue
        desk = staff_app(lin if _assignee(reference) != second.pk else second)
        rows = desk.get("tickets/", view="mine").json()["results"]
        assert [row["reference"] for row in rows] == [reference]
        card = desk.get(f"tickets/{reference}/").json()
        assert card["customer"]["phone"] == "138****5678"
        assert card["device"]["serial"] == "L5P2025000042"
        assert [clock["kind"] for clock in card["clocks"]] == ["first_response", "resolution", "tier_hop"]
        assert card["why_grade"]
        assert card["why_person"]["sentence"]
        moment.shift(timedelta(minutes=3))
        replied = desk.post(
            f"tickets/{reference}/reply/",
            {"body": "您好，我来看看。请看一下网关的灯。", "then": "waiting_customer", "client_id": "a1"},
        )
        assert replied.status_code == 201, replied.content
        assert app.get(f"requests/{reference}/").json()["status"] == "waiting_customer"
        answered = app.post(
            f"requests/{reference}/messages/", {"body": "红灯，重启也没用", "client_id": "m1"}
        )
        assert answered.status_code == 201
        settle(at=timezone.now())

        # it goes to L2
        refused = desk.post(f"tickets/{reference}/escalate/", {"reason": "beyond-skill"})
        assert set(problem(refused, 400)["errors"]) == {"category", "steps_tried", "evidence"}
        raised = desk.post(
            f"tickets/{reference}/escalate/",
            {
                "reason": "beyond-skill",
                "category": "connect",
                "steps_tried": "重启网关",
                "evidence": "红灯一直闪",
            },
        )
        assert raised.status_code == 200, raised.content
        assert raised.json()["tier"]["code"] == "L2"
        settle(at=timezone.now())
        engineer = staff_app(zhou)
        assert engineer.get(f"tickets/{reference}/").json()["assignee"]["id"] == zhou.pk
        moment.shift(timedelta(minutes=20))
        solved = engineer.post(
            f"tickets/{reference}/resolve/",
            {"solution_code": "guided", "root_cause": "use-setting", "message": "已远程修复，请确认。"},
        )
        assert (solved.status_code, solved.json()["status"]) == (200, "resolved")
        assert "confirm" in solved.json()["allowed"]
        settle(at=timezone.now())

        # the customer is content with the solution, but not with the service
        assert app.get(f"requests/{reference}/").json()["allowed"] == ["messages", "confirm", "not-solved"]
        closed = app.post(f"requests/{reference}/confirm/")
        assert (closed.status_code, closed.json()["status"]) == (200, "closed")
        survey = app.get(f"requests/{reference}/survey/").json()
        assert [question["name"] for question in survey["questions"]][:2] == ["solved", "stars"]
        assert survey["rating"] is None
        rated = app.post(f"requests/{reference}/survey/", {"stars": 2, "solved": True, "comment": "等了太久"})
        assert (rated.status_code, rated.json()["stars"]) == (201, 2)
        again = app.post(f"requests/{reference}/survey/", {"stars": 5, "solved": True})
        problem(again, 409, "already_answered")
        settle(at=timezone.now())

    follow_up = BadRatingFollowUp.objects.get()
    assert (follow_up.state, follow_up.rated_agent_id) == (FollowUpState.TO_DO, zhou.pk)
    assert follow_up.owner_id != zhou.pk
    assert Customer.objects.get().phone == PHONE


def _assignee(reference: str) -> int | None:
    return Ticket.objects.get(reference=reference).assignee_id
