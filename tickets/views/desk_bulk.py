"""One verb on many tickets, on the desk: asked for, watched, and tried again where it was refused."""

import uuid
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import clock
from core.actors import Actor
from core.errors import DomainError, NotVisible
from tickets.enums import BulkAction, BulkState
from tickets.merge_forms import BULK_FORMS, add_domain_error
from tickets.models import BulkRun
from tickets.services import bulk, desk
from tickets.views import desk_context as read

#: chosen tickets that the form names, and rows of a run that its page shows while it is fetched each second
NAMED = 12
SHOWN = 50


@never_cache
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """The form of an action for the chosen tickets (nothing happens yet); with `go`, have it done."""
    viewer = read.staff_viewer(request)
    if request.POST.get("action") not in BulkAction.values:
        raise NotVisible()
    action = BulkAction(request.POST["action"])
    ids = [int(text) for text in request.POST.getlist("ticket") if desk.NUMBER.fullmatch(text)]
    rows = desk.rows_for(ids[: bulk.LIMIT], viewer=viewer)
    going = "go" in request.POST
    form = BULK_FORMS[action](request.POST if going else None)
    if action == BulkAction.MERGE:
        form.fields["target"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (row["id"], f"{row['reference']} · {row['subject']}") for row in rows[:NAMED]
        ]
        if rows and not going:
            form.initial["target"] = rows[0]["id"]
    if going and form.is_valid():
        try:
            run = bulk.start(
                action=action,
                ticket_ids=ids,
                params=_plain(form.cleaned_data),
                key=request.POST.get("key", ""),
                language=get_language() or "zh-hans",
                actor=viewer,
                at=clock.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            return redirect("desk:bulk_run", run.pk)
    context = {
        "action": action,
        "form": form,
        "rows": rows[:NAMED],
        "more": max(0, len(rows) - NAMED),
        "ids": ids,
        "count": len(rows),
        "limit": bulk.LIMIT,
        "key": request.POST.get("key") or uuid.uuid4().hex,
        **read.bar_context(request, viewer),
    }
    return render(request, "desk/bulk.html", context, status=422 if form.errors else 200)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a form as JSON: rows as their ids."""
    plain = {name: value.pk if isinstance(value, models.Model) else value for name, value in values.items()}
    if "target" in plain:
        plain["target"] = int(plain["target"])
    return plain


@never_cache
@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a run is, and what became of each ticket."""
    viewer = read.staff_viewer(request)
    return render(
        request, "desk/bulk_run.html", _context(request, bulk.run_for(viewer=viewer, pk=pk), viewer)
    )


@never_cache
@require_safe
def part_run(request: HttpRequest, pk: int) -> HttpResponse:
    """The bar and the rows anew, while it runs."""
    viewer = read.staff_viewer(request)
    return render(
        request, "desk/_bulk_run.html", _context(request, bulk.run_for(viewer=viewer, pk=pk), viewer)
    )


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Try again what was refused."""
    viewer = read.staff_viewer(request)
    bulk.retry_failed(run=bulk.run_for(viewer=viewer, pk=pk), actor=viewer, at=clock.now())
    return redirect("desk:bulk_run", pk)


def _context(request: HttpRequest, found: BulkRun, viewer: Actor) -> dict[str, Any]:
    """Refused rows first: they are what is left to do."""
    failed_first = models.Case(
        models.When(state=BulkState.FAILED, then=0), models.When(state=BulkState.PENDING, then=1), default=2
    )
    rows = found.rows.select_related("ticket").order_by(failed_first, "pk")
    return {
        "run": found,
        "progress": bulk.progress(found),
        "rows": rows[: bulk.LIMIT if found.finished_at else SHOWN],
        "own": found.by_id == viewer.id,
        **read.bar_context(request, viewer),
    }
