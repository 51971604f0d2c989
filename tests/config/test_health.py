"""What the machine room asks: does it live, can it work, how much is waiting."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from health_check.checks import Database

from config import health
from core.actors import SYSTEM
from core.events import announce
from core.models import Delivery, Timer
from core.services import timers
from tests.core.conftest import BulbLit

pytestmark = pytest.mark.django_db


@pytest.fixture
def beating() -> None:
    timers.lease("beat", "test", at=timezone.now())


def wait_for(seconds: int) -> Delivery:
    """A delivery that has been due for so long."""
    event = announce(BulbLit(subject_id=1), actor=SYSTEM, at=timezone.now())
    due = timezone.now() - timedelta(seconds=seconds)
    return Delivery.objects.create(event=event, subscriber="test.listen", next_at=due)


def test_a_process_that_answers_lives_even_without_a_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "run", lambda self: pytest.fail("liveness must not ask the database"))
    assert client.get("/healthz").content == b"ok\n"


def test_ready_with_database_migrations_beat_and_queue(client: Client, beating: None) -> None:
    wait_for(60)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "checks": {"database": "ok", "migrations": "ok", "beat": "ok", "queue": "ok"},
    }
    assert "no-store" in answer["Cache-Control"]


def test_not_ready_without_a_beat(client: Client) -> None:
    timers.lease("beat", "test", at=timezone.now() - timedelta(seconds=11))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["beat"]) == (503, "no beat holds the lease")


def test_not_ready_while_nobody_takes_what_is_due(client: Client, beating: None) -> None:
    wait_for(121)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["queue"]) == (
        503,
        "deliveries wait longer than 120 s",
    )


def test_not_ready_while_migrations_are_missing(client: Client, beating: None, monkeypatch) -> None:
    health._schema_is_current.cache_clear()
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["one"])
    assert client.get("/readyz").json()["checks"]["migrations"] == "migrations are missing"
    monkeypatch.undo()
    assert client.get("/readyz").json()["checks"]["migrations"] == "ok"


def test_not_ready_without_a_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object) -> None:
        raise OperationalError("connection refused at 10.0.0.7")

    for check in (Database, health.Migrations, health.Beat, health.Queue):
        monkeypatch.setattr(check, "run", fail)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()["checks"].values()) == {"the database does not answer"}


def test_the_figures_say_what_waits_and_what_was_given_up(client: Client, beating: None) -> None:
    wait_for(300)
    given_up = wait_for(10)
    Delivery.objects.filter(pk=given_up.pk).update(state="dead")
    Timer.objects.create(kind="ring", subject_id=1, due_at=timezone.now(), dedupe="a", dead=True)
    lines = client.get("/metrics").content.decode().splitlines()
    figures = dict(line.rsplit(" ", 1) for line in lines if line.startswith("anxin_"))
    oldest = float(figures.pop("anxin_delivery_oldest_seconds"))
    assert 300 <= oldest < 400
    assert figures == {
        "anxin_deliveries_due": "1.0",
        "anxin_deliveries_running": "0.0",
        "anxin_deliveries_dead": "1.0",
        "anxin_timers_due": "0.0",
        "anxin_timers_dead": "1.0",
        "anxin_outbox_queued": "0.0",
        "anxin_outbox_failed": "0.0",
        "anxin_beat_alive": "1.0",
    }
    assert any(line.startswith("django_http_requests_before_middlewares_total") for line in lines)


@pytest.mark.parametrize(
    ("production", "address", "header", "status"),
    [
        (False, "127.0.0.1", "", 200),
        (False, "10.0.0.7", "", 404),
        (True, "127.0.0.1", "", 404),
        (True, "10.0.0.7", "Bearer wrong", 404),
        (True, "10.0.0.7", "Bearer right", 200),
    ],
)
def test_the_figures_are_not_for_everybody(
    client: Client, settings, production, address, header, status
) -> None:
    settings.PRODUCTION, settings.METRICS_TOKEN = production, "right"
    headers = {"Authorization": header} if header else {}
    assert client.get("/metrics", REMOTE_ADDR=address, headers=headers).status_code == status


def test_without_a_token_production_shows_no_figures(client: Client, settings) -> None:
    settings.PRODUCTION, settings.METRICS_TOKEN = True, ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_probes_need_no_host_of_ours(client: Client, settings) -> None:
    settings.ALLOWED_HOSTS = ["service.example.com"]
    assert client.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200
    assert client.post("/healthz").status_code == 405
