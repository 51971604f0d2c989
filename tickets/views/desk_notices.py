"""The bell and its notices, watching a ticket, taking note of its alerts, names for notes."""

from collections import Counter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Notice
from accounts.notice_words import texts_of
from accounts.services.notices import inbox_of, mark_read, unread_of
from core import clock, live
from core.actors import Actor
from core.errors import NotVisible
from tickets.models import TicketAlert
from tickets.services.alerts import acknowledge_alert
from tickets.services.timeline import person_name
from tickets.services.watchers import suggestions, unwatch, watch
from tickets.views import desk_context as read


@never_cache
@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """The number on the bell, and the alerts that the page says aloud: loads on its own, after the page stands."""
    viewer = read.staff_viewer(request)
    unread = unread_of(viewer)
    return render(request, "desk/_bell.html", {"unread": unread, "alerts": _rows(unread.alerts, viewer)})


@never_cache
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """One's notices, newest first: the bell's panel (htmx), or a page of its own."""
    viewer = read.staff_viewer(request)
    before = _number(request.GET.get("before"))
    context = _inbox_context(viewer, before)
    if request.headers.get("HX-Request"):
        return render(request, "desk/_notice_rows.html" if before else "desk/_notices.html", context)
    context |= {"event": live.position(), **read.bar_context(request, viewer)}
    return render(request, "desk/notices.html", context)


@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    """One notice is read (`notice`), or all up to one (`up_to`)."""
    viewer = read.staff_viewer(request)
    notice_id, up_to = (_number(request.POST.get(name)) for name in ("notice", "up_to"))
    if notice_id is None and up_to is None:
        raise NotVisible()
    mark_read(notice_id=notice_id, up_to=up_to, actor=viewer, at=clock.now())
    if not request.headers.get("HX-Request"):
        return redirect("desk:notices")
    return render(request, "desk/_notices.html", _inbox_context(viewer, None))


def _inbox_context(viewer: Actor, before: int | None) -> dict[str, object]:
    inbox = inbox_of(viewer, before=before)
    rows = _rows(inbox.notices, viewer)
    return {
        "rows": rows,
        "next_before": inbox.next_before,
        "newest": inbox.notices[0].pk if inbox.notices else 0,
        "any_unread": any(notice.read_at is None for notice in inbox.notices),
        "at": clock.now(),
    }


def _rows(found: list[Notice], viewer: Actor) -> list[dict[str, object]]:
    texts = texts_of(found, viewer) if found else {}
    return [{"notice": notice, "text": texts[notice.pk]} for notice in found]


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 18 else None


# --- on a ticket --------------------------------------------------------------------------------------------


@require_POST
def watching(request: HttpRequest, reference: str) -> HttpResponse:
    """Watch the ticket (`on` 1) or no longer (0)."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    if request.POST.get("on") == "1":
        watch(ticket=ticket, actor=viewer, at=clock.now())
    else:
        unwatch(ticket=ticket, actor=viewer)
    return _head(request, reference, viewer)


@require_POST
def acknowledge(request: HttpRequest, reference: str, alert_id: int) -> HttpResponse:
    """Somebody takes care of an alert and of those before it, which stood on the page with it."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    shown = list(
        TicketAlert.objects.visible_to(viewer).filter(ticket=ticket, pk__lte=alert_id).order_by("pk")
    )
    if not shown or shown[-1].pk != alert_id:
        raise NotVisible()
    for alert in shown:
        if alert.acknowledged_at is None:
            acknowledge_alert(alert=alert, actor=viewer, at=clock.now())
    return _head(request, reference, viewer)


def _head(request: HttpRequest, reference: str, viewer: Actor) -> HttpResponse:
    """The ticket's head as it is now."""
    if not request.headers.get("HX-Request"):
        return redirect("desk:ticket", reference)
    context = read.conversation_context(read.ticket_for(viewer, reference), viewer, clock.now())
    return render(request, "desk/_head.html", context)


@never_cache
@require_safe
def people(request: HttpRequest, reference: str) -> HttpResponse:
    """Colleagues who may be called in a note (?q= what was typed after the "@")."""
    viewer = read.staff_viewer(request)
    found = suggestions(read.ticket_for(viewer, reference), like=request.GET.get("q", ""), viewer=viewer)
    named = [
        (person, person_name(person.display_name, person.display_name_en, person.username))
        for person in found
    ]
    often = Counter(name for _person, name in named)
    rows = [
        # of two with one name the sign-in name says who
        {"person": person, "name": name, "call": name if often[name] == 1 else person.username}
        for person, name in named
    ]
    return render(request, "desk/_people.html", {"people": rows})
