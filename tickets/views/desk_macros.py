"""The list behind "/" in the composer, and the words that a choice of it puts there."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import clock
from tickets.services import macros
from tickets.views import desk_context as read


@never_cache
@require_safe
def part_macros(request: HttpRequest, reference: str) -> HttpResponse:
    """What fits the ticket and what was typed after the slash (?q=)."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    query = request.GET.get("q", "")[: macros.QUERY_LIMIT]
    found = macros.offered(ticket, viewer=viewer, query=query)
    rows = [{"macro": macro, "actions": read.macro_actions(macro)} for macro in found]
    return render(request, "desk/_macros.html", {"ticket": ticket, "rows": rows, "query": query})


@require_POST
def use(request: HttpRequest, reference: str, code: str) -> JsonResponse:
    """The words with their variables filled in for this ticket; the use is counted."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    found = macros.use(ticket=ticket, code=code, actor=viewer, at=clock.now())
    actions = read.macro_actions(found.macro)
    return JsonResponse({"code": found.macro.code, "text": found.text, "actions": actions})
