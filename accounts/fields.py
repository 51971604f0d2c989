"""Form fields."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.phones import phone_digits


class PhoneField(forms.CharField):
    """A phone number in any usual writing; cleaned to the form we keep."""

    default_error_messages = {
        "required": _("Please enter your phone number."),
        "invalid": _(
            "This is not a phone number. Enter 11 digits, or area code and number, such as 0571-87654321."
        ),
    }

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"})
        super().__init__(**{"label": _("Phone"), "max_length": 32, "widget": widget, **kwargs})

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "")
        if not text:
            return ""
        phone = phone_digits(text)
        if phone is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return phone
