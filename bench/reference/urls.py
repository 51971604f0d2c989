"""Two pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from tickets.models import Ticket


def empty(request: HttpRequest) -> HttpResponse:
    """Nothing at all."""
    return HttpResponse(b"")


def rows(request: HttpRequest) -> HttpResponse:
    """The 50 open tickets that are due first, as a table: instances with what a row shows, one query."""
    tickets = (
        Ticket.objects.active()
        .select_related("customer", "product", "category", "channel", "assignee")
        .by_due()[:50]
    )
    return render(request, "bench/rows.html", {"tickets": tickets})


urlpatterns = [path("empty/", empty), path("rows/", rows)]
