"""Tickets that belong together, on the desk: merged, taken apart, split, linked, or found to be different."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import clock
from core.actors import Actor
from core.errors import Conflict, DomainError, NotVisible
from tickets.enums import LinkKind
from tickets.merge_forms import LinkForm, MergeForm, PairForm, SplitForm, add_domain_error
from tickets.models import Ticket, TicketEntry, TicketLink
from tickets.services import desk, duplicates, intake, relations, search
from tickets.services.merge import merge, merge_of, unmerge
from tickets.services.split import split
from tickets.views import desk_context as read

FOUND = 8
PREVIEW = 140
PAIRS: dict[str, tuple[type[PairForm], Any, Any]] = {
    "merge": (MergeForm, gettext_lazy("Merge into another ticket"), gettext_lazy("Merge")),
    "link": (LinkForm, gettext_lazy("Link with another ticket"), gettext_lazy("Link")),
}


@never_cache
@require_safe
def part_related(request: HttpRequest, reference: str) -> HttpResponse:
    """What the ticket has to do with others, and which may be the same: loads on its own, after the page stands."""
    viewer = read.staff_viewer(request)
    return _related(request, read.ticket_for(viewer, reference), viewer)


def _related(
    request: HttpRequest, ticket: Ticket, viewer: Actor, refusal: DomainError | None = None
) -> HttpResponse:
    names = read.status_names()
    possible = duplicates.possible(ticket=ticket, viewer=viewer)
    context = {
        "ticket": ticket,
        "related": [
            (row, names[row.status].name if row.status in names else row.status)
            for row in relations.related_of(ticket, viewer=viewer)
        ],
        "possible": [(row, read.CHANNEL_ICONS.get(row.channel, "chat")) for row in possible],
        "refusal": refusal,
        "can": desk.acts_for(ticket, viewer),
    }
    return render(request, "desk/_related.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pair(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """Merge or link this ticket with another: found by number, phone or words, seen before it is chosen."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    if name not in PAIRS:
        raise NotVisible()
    refusal: DomainError | None = None
    finding = "find" in request.POST
    form_class = PAIRS[name][0]
    if request.method == "POST" and not finding:
        form = form_class(request.POST)
        if form.is_valid():
            try:
                return _carry_out(request, ticket, name, form.cleaned_data, viewer)
            except DomainError as error:
                if error.status == 404:
                    form.add_error("target", _("There is no such ticket for you."))
                else:
                    refusal = error
                    add_domain_error(form, error)
    else:
        chosen = request.POST.get("target") or request.GET.get("with", "")
        form = form_class(initial={**request.POST.dict(), "target": chosen})
    return _pair_page(request, ticket, name, form, viewer, refusal)


def _carry_out(
    request: HttpRequest, ticket: Ticket, name: str, data: dict[str, Any], viewer: Actor
) -> HttpResponse:
    other = Ticket.objects.visible_to(viewer).filter(reference=data["target"].strip().upper()).first()
    if other is None:
        raise NotVisible()
    if name == "merge":
        merge(
            source=ticket,
            target=other,
            reason=data["reason"],
            confirmed=data["confirmed"],
            actor=viewer,
            at=clock.now(),
        )
        messages.success(request, _("%(ticket)s is now part of this ticket.") % {"ticket": ticket})
        return _go(request, other.reference)
    kind = data["kind"]
    turned = kind.isupper()
    one, two = (other, ticket) if turned else (ticket, other)
    relations.link(ticket=one, other=two, kind=kind.lower(), actor=viewer, at=clock.now())
    messages.success(request, _("Linked with %(ticket)s.") % {"ticket": other})
    return _go(request, ticket.reference)


def _pair_page(
    request: HttpRequest,
    ticket: Ticket,
    name: str,
    form: Any,
    viewer: Actor,
    refusal: DomainError | None,
) -> HttpResponse:
    _form_class, title, button = PAIRS[name]
    chosen = str(form["target"].value() or "")
    context = {
        "ticket": ticket,
        "name": name,
        "title": title,
        "button": button,
        "form": form,
        "differs": getattr(refusal, "code", "") == "different_customers" or bool(form["confirmed"].value())
        if "confirmed" in form.fields
        else False,
        "rows": _found(request, ticket, viewer, chosen),
        "chosen": chosen,
        "q": request.POST.get("q", ""),
        "this": _rows([ticket.pk], viewer),
        **read.bar_context(request, viewer),
    }
    template = "desk/_pair.html" if request.headers.get("HX-Request") else "desk/pair.html"
    status = refusal.status if isinstance(refusal, Conflict) else 422 if form.errors else 200
    return render(request, template, context, status=status)


@never_cache
@require_safe
def part_found(request: HttpRequest, reference: str) -> HttpResponse:
    """The tickets to choose from, as one types."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    chosen = request.GET.get("target", "")
    context = {
        "rows": _found(request, ticket, viewer, chosen),
        "chosen": chosen,
        "q": request.GET.get("q", ""),
    }
    return render(request, "desk/_pair_rows.html", context)


def _found(request: HttpRequest, ticket: Ticket, viewer: Actor, chosen: str) -> list[dict[str, Any]]:
    """What the search finds, the chosen one first; before anything is typed, the customer's other open tickets."""
    query = (request.POST.get("q") or request.GET.get("q") or "").strip()[:200]
    if query:
        ids = search.find(query=query, viewer=viewer, limit=FOUND + 1)
    else:
        own = Ticket.objects.visible_to(viewer).active().filter(customer_id=ticket.customer_id)
        ids = [row.id for row in duplicates.possible(ticket=ticket, viewer=viewer)]
        ids += [pk for pk in own.order_by("-pk").values_list("pk", flat=True)[:FOUND] if pk not in ids]
    if chosen:
        first = Ticket.objects.visible_to(viewer).filter(reference=chosen).values_list("pk", flat=True)
        ids = [*first, *(pk for pk in ids if pk not in first)]
    return _rows([pk for pk in ids if pk != ticket.pk][:FOUND], viewer)


def _rows(ids: list[int], viewer: Actor) -> list[dict[str, Any]]:
    """Tickets as the dialog shows them: the row of the list, its state, and the first words."""
    rows = desk.rows_for(ids, viewer=viewer)
    at, names = clock.now(), read.status_names()
    words = dict(Ticket.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "symptom"))
    for row in rows:
        read.decorate(row, at, names)
        text = " ".join(words.get(row["id"], "").split())
        row["words"] = text if len(text) <= PREVIEW else f"{text[:PREVIEW]}…"
    return rows


def _go(request: HttpRequest, reference: str) -> HttpResponse:
    """To a ticket; htmx is told to go there."""
    answer = redirect("desk:ticket", reference)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
    return answer


@require_POST
def undo_merge(request: HttpRequest, reference: str) -> HttpResponse:
    """Let a merged ticket stand on its own again."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    kept = merge_of(ticket)
    try:
        if kept is not None:
            unmerge(merge=kept, actor=viewer, at=clock.now())
    except Conflict as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The ticket stands on its own again."))
    return _go(request, reference)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def split_off(request: HttpRequest, reference: str, entry_id: int) -> HttpResponse:
    """Make a message a ticket of its own."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    entry = TicketEntry.objects.select_related("message").filter(pk=entry_id, ticket=ticket).first()
    if entry is None or entry.message is None:
        raise NotVisible()
    body = entry.message.body
    refusal: DomainError | None = None
    form = SplitForm(request.POST or None, initial={"subject": intake.subject_of(body)})
    if request.method == "POST" and form.is_valid():
        try:
            made = split(
                ticket=ticket,
                entry=entry,
                subject=form.cleaned_data["subject"],
                actor=viewer,
                at=clock.now(),
            )
        except DomainError as error:
            if error.status == 404:
                raise
            refusal = error
            add_domain_error(form, error)
        else:
            messages.success(request, _("%(ticket)s is a ticket of its own now.") % {"ticket": made})
            seen = Ticket.objects.visible_to(viewer).filter(pk=made.pk).exists()
            return _go(request, made.reference if seen else reference)
    context = {"ticket": ticket, "entry": entry, "body": body, "form": form}
    context |= read.bar_context(request, viewer)
    template = "desk/_split.html" if request.headers.get("HX-Request") else "desk/split.html"
    status = refusal.status if isinstance(refusal, Conflict) else 422 if form.errors else 200
    return render(request, template, context, status=status)


@require_POST
def unlink(request: HttpRequest, reference: str, link_id: int) -> HttpResponse:
    """Take a link away."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    found = TicketLink.objects.filter(pk=link_id).first()
    if found is not None and ticket.pk in (found.source_id, found.target_id):
        relations.unlink(link=found, actor=viewer, at=clock.now())
    return _again(request, ticket, viewer)


@require_POST
def not_same(request: HttpRequest, reference: str) -> HttpResponse:
    """Remember that another ticket is a different issue, or the same one (then the two are linked)."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    other = Ticket.objects.visible_to(viewer).filter(reference=request.POST.get("other", "")).first()
    if other is None:
        raise NotVisible()
    refusal: DomainError | None = None
    try:
        if request.POST.get("link"):
            relations.link(ticket=ticket, other=other, kind=LinkKind.DUPLICATE, actor=viewer, at=clock.now())
        else:
            duplicates.dismiss(ticket=ticket, other=other, actor=viewer, at=clock.now())
    except Conflict as error:
        refusal = error
    return _again(request, ticket, viewer, refusal)


def _again(
    request: HttpRequest, ticket: Ticket, viewer: Actor, refusal: DomainError | None = None
) -> HttpResponse:
    """The part anew, or without scripts the ticket's page."""
    if request.headers.get("HX-Request"):
        return _related(request, ticket, viewer, refusal)
    return redirect("desk:ticket", ticket.reference)
