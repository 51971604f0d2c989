"""Pages of the admin beside the lists: looking at masked data for a reason."""

from typing import TYPE_CHECKING

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from core import clock
from core.admin_base import dress, error_text, viewer_of
from core.errors import DomainError
from customers.models import Customer
from customers.services.privacy import reveal as reveal_value

if TYPE_CHECKING:
    from customers.admin import CustomerAdmin


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why do you need it?"), max_length=300)


def reveal(admin: "CustomerAdmin", request: HttpRequest, pk: int, field: str) -> HttpResponse:
    """Ask for a reason, then show the value once. GET shows nothing."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    customer = get_object_or_404(Customer.objects.visible_to(viewer_of(request)), pk=pk)
    form = dress(ReasonForm(request.POST or None))
    value, status = None, 200
    if request.method == "POST" and form.is_valid():
        try:
            value = reveal_value(
                customer=customer,
                field=field,
                reason=form.cleaned_data["reason"],
                actor=viewer_of(request),
                at=clock.now(),
            )
        except DomainError as error:
            if error.status == 404:
                raise
            form.add_error("reason", error_text(error))
            status = error.status
    response = TemplateResponse(
        request,
        "admin/reveal.html",
        {
            **admin.admin_site.each_context(request),
            "title": _("Show personal data"),
            "opts": admin.opts,
            "customer": customer,
            "field": field,
            "form": form,
            "value": value,
        },
        status=status,
    )
    response["Cache-Control"] = "no-store"
    return response
