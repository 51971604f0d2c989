"""Whether it lives, whether it can work, and the figures of both.

/healthz  the process answers (a restart would help if it did not)
/readyz   database, migrations, beat and queue (no traffic while one of them is missing)
/metrics  Prometheus: django-prometheus's own figures and ours below
"""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from health_check.base import HealthCheck
from health_check.checks import Database
from health_check.exceptions import HealthCheckException, ServiceUnavailable, ServiceWarning
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from channels_hub.models import Outbox
from core.models import Delivery, Lease, Timer
from core.models.delivery import DeliveryState

#: a delivery that has waited this long shows that no worker takes any
QUEUE_LIMIT = timedelta(minutes=2)


@cache
def _schema_is_current() -> bool:
    """Whether every migration has run. Asked until it is so, then remembered: it cannot become untrue."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


@dataclass
class Migrations(HealthCheck):
    """Every migration of this release has run."""

    def run(self) -> None:  # type: ignore[override]  # the library takes plain functions as well
        if not _schema_is_current():
            _schema_is_current.cache_clear()
            raise ServiceUnavailable("migrations are missing")


@dataclass
class Beat(HealthCheck):
    """Somebody keeps the time: the beat's lease is fresh."""

    def run(self) -> None:  # type: ignore[override]  # as above
        if not Lease.objects.filter(name="beat", until__gt=timezone.now()).exists():
            raise ServiceUnavailable("no beat holds the lease")


@dataclass
class Queue(HealthCheck):
    """A worker does what is due: nothing has waited too long."""

    def run(self) -> None:  # type: ignore[override]  # as above
        waiting_since = timezone.now() - QUEUE_LIMIT
        if Delivery.objects.filter(state=DeliveryState.QUEUED, next_at__lt=waiting_since).exists():
            raise ServiceWarning(f"deliveries wait longer than {QUEUE_LIMIT.seconds} s")


CHECKS: tuple[HealthCheck, ...] = (Database(), Migrations(), Beat(), Queue())


class ProbeMiddleware:
    """Answers the three before anything else looks at the request: who asks inside (an orchestrator, Prometheus) uses
    an address that is no host of ours, plain HTTP and no session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path)
        return self.get_response(request) if probe is None else probe(request)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process answers; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 with "ok" for each check, else 503 with what is wrong."""
    results = {type(check).__name__.lower(): _outcome(check) for check in CHECKS}
    healthy = all(result == "ok" for result in results.values())
    return JsonResponse({"ready": healthy, "checks": results}, status=200 if healthy else 503)


def _outcome(check: HealthCheck) -> str:
    try:
        check.run()
    except HealthCheckException as error:
        return str(error.message)
    except DatabaseFailure:
        return "the database does not answer"
    return "ok"


class Figures(Collector):
    """Our gauges, read from the database when somebody asks."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """None beforehand: registering must not query."""
        return []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        now = timezone.now()
        deliveries = Delivery.objects.filter(
            state__in=[DeliveryState.QUEUED, DeliveryState.RUNNING, DeliveryState.DEAD]
        ).aggregate(
            due=Count("pk", filter=Q(state=DeliveryState.QUEUED, next_at__lte=now)),
            running=Count("pk", filter=Q(state=DeliveryState.RUNNING)),
            dead=Count("pk", filter=Q(state=DeliveryState.DEAD)),
            oldest=Min("next_at", filter=Q(state=DeliveryState.QUEUED)),
        )
        oldest = deliveries["oldest"]
        outbox = dict(
            Outbox.objects.filter(state__in=["queued", "failed"]).values_list("state").annotate(Count("pk"))
        )
        timers = Timer.objects.aggregate(
            due=Count("pk", filter=Q(dead=False, due_at__lte=now)), dead=Count("pk", filter=Q(dead=True))
        )
        lease = Lease.objects.filter(name="beat").values_list("until", flat=True).first()
        for name, text, value in (
            ("anxin_deliveries_due", "Deliveries that a worker should take now", deliveries["due"]),
            ("anxin_deliveries_running", "Deliveries in work", deliveries["running"]),
            ("anxin_deliveries_dead", "Deliveries given up", deliveries["dead"]),
            (
                "anxin_delivery_oldest_seconds",
                "How long the oldest due delivery has waited",
                max(0.0, (now - oldest).total_seconds()) if oldest else 0,
            ),
            ("anxin_timers_due", "Timers that should have fired", timers["due"]),
            ("anxin_timers_dead", "Timers given up", timers["dead"]),
            ("anxin_outbox_queued", "Messages waiting to be sent", outbox.get("queued", 0)),
            ("anxin_outbox_failed", "Messages that could not be sent", outbox.get("failed", 0)),
            ("anxin_beat_alive", "Whether a beat holds the lease", int(bool(lease and lease > now))),
        ):
            yield GaugeMetricFamily(name, text, value=value)


REGISTRY.register(Figures())


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's text, for who sends `Authorization: Bearer <METRICS_TOKEN>`; outside production also for this
    machine itself. For everybody else the page does not exist."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = settings.METRICS_TOKEN
    allowed = bool(token) and hmac.compare_digest(given.encode(), token.encode())
    if not settings.PRODUCTION and request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1"):
        allowed = True
    if not allowed:
        return HttpResponseNotFound()
    return ExportToDjangoView(request)


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}
