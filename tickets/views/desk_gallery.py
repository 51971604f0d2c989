"""Every component of the design system on one page (DEBUG only)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tickets.views.desk_context import staff_viewer


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    staff_viewer(request)
    return render(request, "shells/gallery.html")
