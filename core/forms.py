"""Between a service's answer and a form."""

from django import forms

from core.errors import DomainError


def add_domain_error(form: forms.BaseForm, error: DomainError) -> None:
    """Put a service's answer beside the fields it names; what belongs to none of them stands above the form."""
    named = [name for name in error.fields if name in form.fields]
    for name in named:
        for message in error.fields[name]:
            form.add_error(name, str(message))
    others = [str(m) for name, found in error.fields.items() if name not in named for m in found]
    if not named or others:
        form.add_error(None, [str(error), *(m for m in others if m != str(error))])
