"""What customers fill in about their requests."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Region
from customers.models import Product
from tickets.forms import ManyFiles
from tickets.rules import REQUEST_FILES


class ProductChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} {obj.model}" if obj.model not in obj.name else str(obj.name)


class RequestForm(forms.Form):
    """A request for service. It checks shapes only; what it means (a serial number we know, a phone number that can be)
    is checked by tickets.services.intake, whose complaints come back beside the fields. `token` makes a repeated
    submission one ticket."""

    product = ProductChoice(
        label=_("Model"),
        queryset=Product.objects.filter(active=True).select_related("line"),
        required=False,
        empty_label=_("I don't know, or none of these"),
        help_text=_("It stands on the label of the device."),
    )
    serial = forms.CharField(label=_("Serial number"), max_length=60, required=False)
    serial_unverified = forms.BooleanField(
        label=_("Send it with this serial number all the same"), required=False
    )
    symptom = forms.CharField(
        label=_("What is wrong?"),
        required=False,  # the service says it in its own words, together with everything else
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("In your own words: what you did, what happened, since when."),
    )
    error_code = forms.CharField(
        label=_("Error code or light"), max_length=12, required=False, help_text=_("For example E3 or N05")
    )
    purchased_on = forms.DateField(
        label=_("Bought on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    # a form field of this name, not BaseForm.files
    files = ManyFiles(label=_("Photos, video or documents"), required=False)  # type: ignore[assignment]
    phone = forms.CharField(label=_("Phone number"), max_length=40, required=False)
    name = forms.CharField(label=_("How may we call you?"), max_length=40, required=False)
    email = forms.CharField(
        label=_("Email"), max_length=254, required=False, help_text=_("Then answers come by email, too.")
    )
    region = forms.ModelChoiceField(
        label=_("City"),
        queryset=Region.objects.filter(children=None),
        required=False,
        empty_label=_("Choose a city"),
    )
    call_me = forms.BooleanField(label=_("Please call me"), required=False)
    token = forms.CharField(max_length=64, widget=forms.HiddenInput, required=False)
    article = forms.SlugField(widget=forms.HiddenInput, required=False)

    #: what a returning form needs first stands first
    CONTEXT = ("product", "serial", "symptom", "error_code", "purchased_on", "files")
    CONTACT = ("name", "phone", "email", "region", "call_me")
    MAX_FILES = REQUEST_FILES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].initial = uuid.uuid4().hex

    def send_anew(self) -> None:
        """The page went out before with other content: sent once more, it is a request of its own."""
        data: Any = self.data
        self.data = data = data.copy()
        data[self.add_prefix("token")] = uuid.uuid4().hex

    @property
    def serial_is_unknown(self) -> bool:
        """Whether the service did not know the serial number: only then the tick to send it all the same is shown."""
        return "serial" in self.errors or bool(self.data.get("serial_unverified"))


class LookUpForm(forms.Form):
    """Progress by number and phone."""

    reference = forms.CharField(label=_("Number of the request"), max_length=24, required=False)
    phone = forms.CharField(label=_("Phone number"), max_length=40, required=False)


class CustomerReplyForm(forms.Form):
    """A word from the customer on the tracking page."""

    body = forms.CharField(
        label=_("Anything to add?"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    # a form field of this name, not BaseForm.files
    files = ManyFiles(label=_("Add photos"), required=False)  # type: ignore[assignment]
    client_id = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client_id"].initial = uuid.uuid4().hex

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("body", "").strip() and not data.get("files"):
            self.add_error("body", _("Please write something or add a photo."))
        return data


class NotSolvedForm(forms.Form):
    """Why it is not solved: opens the request again."""

    reason = forms.CharField(
        label=_("What is still wrong?"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
