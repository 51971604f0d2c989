"""What visitors fill in."""

from django import forms
from django.utils.translation import gettext_lazy as _

from channels_hub.rules import CHAT_BODY_LIMIT


class StartForm(forms.Form):
    """Before the chat: what it is about; who and which model, if they like. The hidden fields are the form's
    own secret and what the page knew."""

    about = forms.CharField(
        label=_("What is it about?"),
        max_length=CHAT_BODY_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Please say in a few words what it is about.")},
    )
    model = forms.CharField(
        label=_("Model"),
        required=False,
        max_length=60,
        help_text=_("It stands on the label of the device. Leave it empty if you don't know."),
    )
    display_name = forms.CharField(label=_("How may we address you?"), required=False, max_length=60)
    key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    product = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    article = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    q = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    page = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
