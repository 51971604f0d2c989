"""Doors for customers before there is a ticket: ask for service, look up progress."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.actors import Actor
from core.errors import DomainError, InvalidInput, NotVisible, TooMany
from core.services.limits import spend
from core.viewers import address_of
from customers.models import Customer, Device, Product
from customers.viewers import viewer_of
from tickets.customer_forms import LookUpForm, RequestForm
from tickets.forms import add_domain_error
from tickets.models import StatusName, Ticket
from tickets.services.intake import request_service
from tickets.services.links import issue_link, look_up

#: requests from one address an hour; a household behind one address never comes near it
REQUESTS_AN_HOUR = 30
SENT_SESSION_KEY = "sent_request"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The request form; what an article or a search already knows comes filled in."""
    viewer = viewer_of(request)
    customer = (
        Customer.objects.visible_to(viewer).filter(pk=viewer.id).first()
        if viewer.kind == "customer"
        else None
    )
    if request.method != "POST":
        form = RequestForm(initial=_known(request, customer, viewer))
        return render(request, "help/request.html", {"form": form, "customer": customer})
    form = RequestForm(request.POST, request.FILES)
    refusal: DomainError | None = None
    if form.is_valid():
        data = form.cleaned_data
        try:
            spend(f"requests:{address_of(request)}", limit=REQUESTS_AN_HOUR, seconds=3600)
            ticket, token = request_service(
                phone=data["phone"],
                name=data["name"],
                email=data["email"],
                product=data["product"],
                serial=data["serial"],
                serial_unverified=data["serial_unverified"],
                symptom=data["symptom"],
                error_code=data["error_code"].upper(),
                purchased_on=data["purchased_on"],
                region=data["region"],
                files=data["files"],
                language=get_language() or "",
                customer=customer,
                custom=_extra(data),
                token=data["token"],
                actor=viewer,
                at=clock.now(),
            )
        except DomainError as error:
            if error.status == 404:
                raise
            refusal = error
            if error.code == "key_reused":
                form.send_anew()
                form.add_error(
                    None,
                    _(
                        "You sent this page before, with other words. Send it again if you need something else."
                    ),
                )
            else:
                add_domain_error(form, error)
        else:
            request.session[SENT_SESSION_KEY] = [ticket.reference, token]
            return redirect("help:sent")
    context = {"form": form, "customer": customer, "files_lost": bool(request.FILES)}
    return _refused(request, "help/request.html", context, refusal)


def _refused(
    request: HttpRequest, template: str, context: dict[str, Any], refusal: DomainError | None
) -> HttpResponse:
    """The form again, with everything that was written: 422 for what was filled in, else the refusal's own status."""
    wrong = refusal is None or isinstance(refusal, InvalidInput)
    response = render(request, template, context, status=422 if wrong or refusal is None else refusal.status)
    if refusal is not None and "retry_after" in refusal.extra:
        response["Retry-After"] = str(refusal.extra["retry_after"])
    return response


def _known(request: HttpRequest, customer: Customer | None, viewer: Actor) -> dict[str, Any]:
    """What the page before knew: ?product=&serial=&q=&code=&article=&call=1."""
    given = request.GET
    device = (
        Device.objects.visible_to(viewer)
        .filter(serial=given.get("serial", ""))
        .select_related("product")
        .first()
    )
    return {
        "product": device.product
        if device
        else Product.objects.filter(code=given.get("product", "")).first(),
        "serial": device.serial if device else "",
        "symptom": given.get("q", "")[:300],
        "error_code": given.get("code", "")[:12],
        "purchased_on": device.purchased_on if device else None,
        "article": given.get("article", ""),
        "call_me": given.get("call") == "1",
        "region": customer.region_id if customer else None,
    }


def _extra(data: dict[str, Any]) -> dict[str, Any]:
    """What is known besides: the article that did not help, the wish for a call."""
    extra: dict[str, Any] = {}
    if data["article"]:
        extra["articles_read"] = [data["article"]]
    if data["call_me"]:
        extra["call_me"] = True
    return extra


@never_cache
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """ "Got it": the number and the private link, for as long as the session remembers."""
    reference, token = request.session.get(SENT_SESSION_KEY) or ("", "")
    ticket = (
        Ticket.objects.filter(reference=reference).select_related("product", "assignee", "sla_target").first()
    )
    if ticket is None:
        raise NotVisible()
    link = request.build_absolute_uri(reverse("tickets:track", args=[token]))
    return render(request, "help/sent.html", {"ticket": ticket, "token": token, "link": link})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def lookup(request: HttpRequest) -> HttpResponse:
    """Progress by number and phone: opens a private link of its own."""
    if request.method != "POST":
        return render(
            request,
            "help/lookup.html",
            {"form": LookUpForm(initial={"reference": request.GET.get("reference")})},
        )
    form = LookUpForm(request.POST)
    refusal: DomainError | None = None
    if form.is_valid():
        at = clock.now()
        try:
            ticket = look_up(
                reference=form.cleaned_data["reference"],
                phone=form.cleaned_data["phone"],
                at=at,
                bucket=address_of(request),
            )
        except (InvalidInput, TooMany) as error:
            refusal = error
            add_domain_error(form, error)
        except NotVisible:
            return render(request, "help/lookup.html", {"form": form, "nothing": True}, status=404)
        else:
            return redirect("tickets:track", issue_link(ticket=ticket, at=at))
    return _refused(request, "help/lookup.html", {"form": form}, refusal)


@never_cache
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """A signed-in customer's devices and requests; everybody else is shown the ways in."""
    viewer = viewer_of(request)
    if viewer.kind != "customer":
        return render(request, "help/mine.html", {"tickets": [], "devices": [], "signed_in": False})
    at = clock.now()
    tickets = list(
        Ticket.objects.visible_to(viewer).order_by("-created_at").select_related("product", "assignee")[:30]
    )
    devices = list(
        Device.objects.visible_to(viewer)
        .select_related("product__line")
        .order_by("product__line__position", "serial")[:50]
    )
    names = {row.code: row.customer_name for row in StatusName.objects.all()}
    rows = [(ticket, names.get(ticket.status) or ticket.get_status_display()) for ticket in tickets]
    return render(
        request, "help/mine.html", {"tickets": rows, "devices": devices, "signed_in": True, "at": at}
    )
