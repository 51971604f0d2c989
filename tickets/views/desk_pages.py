"""The desk's pages and their parts."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Agent
from accounts.services.duty import set_duty
from accounts.services.notices import mark_read
from core import clock, live
from core.errors import InvalidInput, NotAllowed, NotVisible
from tickets.enums import DraftMode
from tickets.sections import sections_of
from tickets.services import desk, forbidden, search, timeline
from tickets.views import desk_context as read
from tickets.views.desk_idle import idle_context


@never_cache
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """The desk with a list and no ticket opened."""
    viewer = read.staff_viewer(request)
    at = clock.now()
    context = {
        "event": live.position(),
        **read.list_context(request, viewer, at),
        **read.bar_context(request, viewer),
    }
    context |= read.lists_context(viewer, at, view=str(context["view"]))
    context |= idle_context(context)
    return render(request, "desk/queue.html", context)


@never_cache
@require_safe
def ticket(request: HttpRequest, reference: str) -> HttpResponse:
    """One ticket. Opened from the list (htmx) only conversation and customer travel."""
    viewer = read.staff_viewer(request)
    at = clock.now()
    inside = request.headers.get("HX-Request") and request.headers.get("HX-Target") == "main"
    event = 0 if inside else live.position()
    found = read.ticket_for(viewer, reference)
    context = read.conversation_context(found, viewer, at) | read.customer_context(request, found, viewer, at)
    if inside:
        # the page around it listens already
        return render(request, "desk/_ticket.html", context)
    context |= read.list_context(request, viewer, at, current=reference) | read.bar_context(request, viewer)
    return render(request, "desk/ticket.html", context | {"event": event})


@never_cache
@require_safe
def part_list(request: HttpRequest) -> HttpResponse:
    """The rows of a list, or its next page (?cursor=)."""
    viewer = read.staff_viewer(request)
    context = read.list_context(request, viewer, clock.now(), current=request.GET.get("current", ""))
    return render(request, "desk/_rows.html" if request.GET.get("cursor") else "desk/_list.html", context)


@never_cache
@require_safe
def part_idle(request: HttpRequest) -> HttpResponse:
    """What to do next, anew: the desk while no ticket is opened."""
    viewer = read.staff_viewer(request)
    at = clock.now()
    context = read.list_context(request, viewer, at)
    context |= read.lists_context(viewer, at, view=str(context["view"]))
    return render(request, "desk/_idle_parts.html", {**context, **idle_context(context)})


@never_cache
@require_safe
def part_lists(request: HttpRequest) -> HttpResponse:
    """The lists with their counts."""
    viewer = read.staff_viewer(request)
    return render(
        request,
        "desk/_lists.html",
        read.lists_context(viewer, clock.now(), view=request.GET.get("view", "mine")),
    )


@never_cache
@require_safe
def part_head(request: HttpRequest, reference: str) -> HttpResponse:
    """Title, state and clocks; and the sections beside, where they are others than the page shows (?sections=)."""
    viewer = read.staff_viewer(request)
    found = read.ticket_for(viewer, reference)
    context = read.conversation_context(found, viewer, clock.now())
    shown = request.GET.get("sections")
    sections = sections_of(found.sections)
    if shown is not None and shown.split() != [section.code for section in sections]:
        context |= {"sections": sections, "swap_sections": True}
    return render(request, "desk/_head_part.html", context)


@never_cache
@require_safe
def part_thread(request: HttpRequest, reference: str) -> HttpResponse:
    """Lines after an entry (?after=), or before one (?before=)."""
    viewer = read.staff_viewer(request)
    found = read.ticket_for(viewer, reference)
    after, before = (_number(request.GET.get(name)) for name in ("after", "before"))
    lines = timeline.read(found, viewer=viewer, limit=read.THREAD_PAGE, after=after, before=before)
    return render(
        request,
        "desk/_lines.html",
        {
            "ticket": found,
            "lines": lines,
            "older": before is not None and len(lines) == read.THREAD_PAGE,
            "at": clock.now(),
        },
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() and len(text) < 18 else None


@never_cache
@require_safe
def part_customer(request: HttpRequest, reference: str) -> HttpResponse:
    """The customer column anew."""
    viewer = read.staff_viewer(request)
    found = read.ticket_for(viewer, reference)
    return render(request, "desk/_customer.html", read.customer_context(request, found, viewer, clock.now()))


@never_cache
@require_safe
def part_assist(request: HttpRequest, reference: str) -> HttpResponse:
    """Suggested articles: loads on its own, after the page stands."""
    viewer = read.staff_viewer(request)
    return render(
        request, "desk/_assist.html", read.assist_context(read.ticket_for(viewer, reference), viewer)
    )


@never_cache
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Search by number, phone, serial number or words."""
    viewer = read.staff_viewer(request)
    at = clock.now()
    event = live.position()
    query = request.GET.get("q", "").strip()[:200]
    ids = search.find(query=query, viewer=viewer, limit=50) if query else []
    rows = desk.rows_for(ids, viewer=viewer)
    names = read.status_names()
    for row in rows:
        read.decorate(row, at, names)
    context = {"query": query, "rows": rows, "at": at, "event": event, **read.bar_context(request, viewer)}
    return render(request, "desk/search.html", context)


@require_POST
def seen(request: HttpRequest, reference: str) -> HttpResponseBase:
    """The viewer looked at it (sent by the page when it stands in front)."""
    viewer = read.staff_viewer(request)
    at = clock.now()
    ticket = read.ticket_for(viewer, reference)
    desk.mark_seen(ticket=ticket, actor=viewer, at=at)
    # what one has been told about it stands in front of one now
    mark_read(subject=("ticket", ticket.pk), actor=viewer, at=at)
    return HttpResponse(status=204)


@require_POST
def draft(request: HttpRequest, reference: str) -> JsonResponse:
    """Keep what is being written, and say what of it must not (or had better not) be said."""
    viewer = read.staff_viewer(request)
    at = clock.now()
    mode, body = request.POST.get("mode", "reply"), request.POST.get("body", "")
    found = read.ticket_for(viewer, reference)
    kept = desk.save_draft(ticket=found, mode=mode, body=body, actor=viewer, at=at)
    rules = forbidden.check(body) if mode == DraftMode.REPLY else []
    hints = [{"text": forbidden.sentence(rule), "stop": rule.stop} for rule in rules]
    return JsonResponse({"saved_at": at.isoformat() if kept else None, "hints": hints})


@require_POST
def duty(request: HttpRequest) -> HttpResponse:
    """Change one's own duty state; a break needs its reason."""
    viewer = read.staff_viewer(request)
    agent = Agent.objects.filter(user_id=viewer.id).first()
    if agent is None:
        raise NotVisible()
    state, _colon, reason = request.POST.get("state", "").partition(":")
    error = ""
    try:
        set_duty(agent=agent, state=state, reason=reason, actor=viewer, at=clock.now())
    except (InvalidInput, NotAllowed) as refused:
        error = str(refused)
    if not request.headers.get("HX-Request"):
        if error:
            messages.warning(request, error)
        return redirect("desk:queue")
    agent.refresh_from_db()
    context = read.bar_context(request, viewer, agent=agent)
    return render(request, "desk/_duty.html", {**context, "duty_error": error})
