"""A customer's ticket, behind a private link or the customer's own sign-in: every step, a word back, yes or not yet."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import clock, live
from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput, NotVisible
from core.panels import panels_at
from core.viewers import address_of
from customers.viewers import viewer_of
from tickets.customer_forms import CustomerReplyForm, NotSolvedForm
from tickets.enums import Status
from tickets.forms import add_domain_error
from tickets.models import StatusName, Ticket
from tickets.services import timeline
from tickets.services.links import ticket_of_token
from tickets.services.living import found_by
from tickets.services.resolve import confirm, may_reopen, reopen
from tickets.services.talk import customer_reply


@dataclass(frozen=True)
class Way:
    """How the customer got here: the viewer, the ticket, and the addresses of this way."""

    viewer: Actor
    ticket: Ticket
    kind: str
    key: str
    #: how far the events had come before the ticket was read: nothing falls between page and socket
    event: int

    def url(self, step: str = "") -> str:
        """The page (no step), or what belongs to it: part, say, confirm, not_solved."""
        return reverse("_".join(filter(None, [f"tickets:{self.kind}", step])), args=[self.key])

    @property
    def part_url(self) -> str:
        return self.url("part")

    @property
    def say_url(self) -> str:
        return self.url("say")

    @property
    def confirm_url(self) -> str:
        return self.url("confirm")

    @property
    def not_solved_url(self) -> str:
        return self.url("not_solved")


def by_link(request: HttpRequest, token: str) -> Way:
    """The holder of a link. Raises NotVisible (a guess counts against the address)."""
    ticket = ticket_of_token(token=token, at=clock.now(), bucket=address_of(request))
    return _way(Actor("link", id=ticket.pk, name=str(ticket.customer)), ticket.pk, "track", token)


def by_sign_in(request: HttpRequest, reference: str) -> Way:
    """The customer whose ticket it is. Raises NotVisible for everybody else."""
    viewer = viewer_of(request)
    ticket = found_by(reference, viewer=viewer) if viewer.kind == "customer" else None
    if ticket is None:
        raise NotVisible()
    return _way(viewer, ticket.pk, "mine", ticket.reference)


def _way(viewer: Actor, pk: int, kind: str, key: str) -> Way:
    event = live.position()
    related = ("customer", "product", "steward", "assignee", "channel", "thread", "sla_target", "sla_policy")
    ticket = Ticket.objects.visible_to(viewer).select_related(*related).get(pk=pk)
    return Way(viewer, ticket, kind, key, event)


def _context(
    request: HttpRequest,
    way: Way,
    *,
    form: CustomerReplyForm | None = None,
    not_solved: NotSolvedForm | None = None,
    refusal: DomainError | None = None,
) -> dict[str, object]:
    ticket, at = way.ticket, clock.now()
    names = {row.code: row for row in StatusName.objects.all()}
    panels = [
        (panel.template, panel.context(request, ticket, way.viewer)) for panel in panels_at("ticket-track")
    ]
    return {
        "way": way,
        "ticket": ticket,
        "status": names.get(ticket.status),
        "may_confirm": ticket.status == Status.RESOLVED,
        "may_reopen": may_reopen(ticket, at=at),
        "done": ticket.status in (Status.RESOLVED, Status.CLOSED),
        "refusal": refusal,
        "files_lost": bool(request.FILES),
        "lines": timeline.read(ticket, viewer=way.viewer, limit=200)[::-1],
        "panels": [(template, context) for template, context in panels if context is not None],
        "form": form or CustomerReplyForm(),
        "not_solved": not_solved or NotSolvedForm(),
        "event": way.event,
        "at": at,
    }


def show(request: HttpRequest, way: Way) -> HttpResponse:
    return _page(request, _context(request, way))


def _page(request: HttpRequest, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    response = render(request, "tickets/track.html", context, status=status)
    # the address is the key: it must not travel on in a Referer, nor into an index ("no-referrer" would make browsers
    # send "Origin: null" with this page's own forms, which the forgery check refuses)
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response


def part(request: HttpRequest, way: Way) -> HttpResponse:
    """The state and the steps alone: what a nudge makes the page fetch again."""
    return render(request, "tickets/_track_now.html", _context(request, way))


def say(request: HttpRequest, way: Way) -> HttpResponse:
    form = CustomerReplyForm(request.POST, request.FILES)
    status = 422
    if form.is_valid():
        try:
            customer_reply(
                ticket=way.ticket,
                body=form.cleaned_data["body"],
                files=form.cleaned_data["files"],
                client_id=form.cleaned_data["client_id"],
                actor=way.viewer,
                at=clock.now(),
            )
        except DomainError as error:
            if error.status == 404:
                raise
            add_domain_error(form, error)
            status = status if isinstance(error, InvalidInput) else error.status
        else:
            messages.success(request, _("Sent. Your answer comes here."))
            return redirect(way.url())
    return _page(request, _context(request, way, form=form), status=status)


def accept(request: HttpRequest, way: Way) -> HttpResponse:
    try:
        confirm(ticket=way.ticket, actor=way.viewer, at=clock.now())
    except Conflict as error:
        return _page(request, _context(request, way, refusal=error), status=error.status)
    messages.success(request, _("Thank you. The request is closed; you can open it again within 7 days."))
    return redirect(way.url())


def not_solved(request: HttpRequest, way: Way) -> HttpResponse:
    """Open it again; what is still wrong is the reason that the agents read."""
    form = NotSolvedForm(request.POST)
    if not form.is_valid():
        return _page(request, _context(request, way, not_solved=form), status=422)
    try:
        reopen(
            ticket=way.ticket,
            reason=form.cleaned_data["reason"] or "not_solved",
            actor=way.viewer,
            at=clock.now(),
        )
    except DomainError as error:
        if error.status == 404:
            raise
        return _page(request, _context(request, way, not_solved=form, refusal=error), status=error.status)
    messages.success(request, _("We are on it again. You don't have to repeat anything."))
    return redirect(way.url())


View = Callable[..., HttpResponse]


def _door(
    way_of: Callable[[HttpRequest, str], Way],
    act: Callable[[HttpRequest, Way], HttpResponse],
    guard: Callable[[View], View],
) -> View:
    """One address: find the way in, then act."""

    @never_cache
    def view(request: HttpRequest, key: str) -> HttpResponse:
        return act(request, way_of(request, key))

    return guard(view)


ACTS: dict[str, tuple[Callable[[HttpRequest, Way], HttpResponse], Callable[[View], View]]] = {
    "": (show, require_safe),
    "part": (part, require_safe),
    "say": (say, require_POST),
    "confirm": (accept, require_POST),
    "not_solved": (not_solved, require_POST),
}
LINK_VIEWS = {name: _door(by_link, act, guard) for name, (act, guard) in ACTS.items()}
OWN_VIEWS = {name: _door(by_sign_in, act, guard) for name, (act, guard) in ACTS.items()}
