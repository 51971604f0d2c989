"""The rating page behind a link: looking records nothing, sending does."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core import clock
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotVisible
from core.services import limits
from core.viewers import address_of
from customers.viewers import viewer_of
from surveys.forms import RatingForm
from surveys.models import SurveyInvitation
from surveys.services.invite import invitation_of_token
from surveys.services.respond import nps_is_due, respond

#: wrong or expired links that one address may try in an hour
WRONG_LINKS = 30


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: HttpRequest, token: str) -> HttpResponse:
    """The form, or thanks once it was sent. Nobody on duty rates: to staff the page does not exist when they
    send."""
    invitation = _invitation(request, token)
    if getattr(invitation, "response", None) is not None:
        return _page(request, "surveys/thanks.html", invitation)
    posted = request.POST if request.method == "POST" else None
    form = RatingForm(
        posted,
        survey=invitation.survey,
        nps_due=nps_is_due(invitation.ticket.customer_id, at=clock.now()),
        after_visit=False,
    )
    if posted is None:
        return _page(request, "surveys/rate.html", invitation, form=form)
    if viewer_of(request).is_staff:
        raise NotVisible()
    if not form.is_valid():
        return _page(request, "surveys/rate.html", invitation, form=form, status=422)
    try:
        respond(
            invitation=invitation,
            **form.for_service(),
            actor=Actor("link", invitation.ticket_id),
            at=clock.now(),
        )
    except InvalidInput as error:
        for name, messages in error.fields.items():
            for message in messages:
                form.add_error(name if name in form.fields else None, str(message))
        return _page(request, "surveys/rate.html", invitation, form=form, status=422)
    except Conflict as error:
        # sent twice: the first one counts, and thanks are due; ran out while it was filled in: as any expired link
        if error.code != "already_answered":
            raise NotVisible() from error
    return HttpResponseRedirect(reverse("surveys:rate", args=[token]), status=303)


def _invitation(request: HttpRequest, token: str) -> SurveyInvitation:
    try:
        return invitation_of_token(token=token, at=clock.now())
    except NotVisible:
        limits.spend(f"survey:{address_of(request)}", limit=WRONG_LINKS, seconds=3600)
        raise


def _page(
    request: HttpRequest,
    template: str,
    invitation: SurveyInvitation,
    *,
    form: RatingForm | None = None,
    status: int = 200,
) -> HttpResponse:
    response = getattr(invitation, "response", None)
    context = {
        "invitation": invitation,
        "ticket": invitation.ticket,
        "brand": invitation.ticket.brand,
        "agent": invitation.rated_agent,
        "form": form,
        "rating": response,
        "follow_up": getattr(response, "follow_up", None) if response else None,
    }
    page = render(request, template, context, status=status)
    page["X-Robots-Tag"] = "noindex, nofollow"
    # not "no-referrer": with it browsers send "Origin: null" and the form would be taken for a forged one
    page["Referrer-Policy"] = "same-origin"
    return page
