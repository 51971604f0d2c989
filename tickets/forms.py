"""What staff fill in when they work on a ticket: the desk and the admin show the same forms.

A form checks what is filled in; whether the step is allowed is the service's to say (`add_domain_error` puts its
answer beside the fields).
"""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.enums import UserKind
from accounts.models import User
from core import clock
from core.errors import InvalidInput
from core.forms import add_domain_error
from core.services.files import check_upload
from tickets.enums import WAITING, Grade, Status
from tickets.models import Category, EscalationReason, RootCause, SolutionCode
from tickets.services import snooze

__all__ = [
    "AssignForm",
    "ConfirmForm",
    "EscalateForm",
    "HandDownForm",
    "NoteForm",
    "RegradeForm",
    "ReopenForm",
    "ReplyForm",
    "ResolveForm",
    "SnoozeForm",
    "WaitForm",
    "add_domain_error",
]


class CategoryChoice(forms.ModelChoiceField):
    """Categories with the branch they belong to."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.path)


class CauseChoice(forms.ModelChoiceField):
    """Root causes with the group they belong to."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.parent.name} / {obj.name}" if obj.parent else str(obj.name)


class AgentChoice(forms.ModelChoiceField):
    """Colleagues who take tickets, with tier and number of open tickets at most."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} · {obj.agent.get_tier_display()}"


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFiles(forms.FileField):
    """Any number of files, each checked by its bytes; what is wrong stands beside the field."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list["UploadedFile[Any]"]:
        uploads = data if isinstance(data, list | tuple) else [data] if data else []
        problems, good = [], []
        for upload in uploads:
            try:
                check_upload(upload)
            except InvalidInput as error:
                problems.append(str(error))
            else:
                good.append(upload)
        if problems:
            raise forms.ValidationError(problems)
        return good


def agents() -> Any:
    """Everybody who may be given a ticket."""
    return (
        User.objects.filter(is_active=True, kind=UserKind.STAFF, agent__isnull=False)
        .select_related("agent")
        .order_by("agent__tier", "display_name", "username")
    )


def categories() -> Any:
    return (
        Category.objects.filter(active=True).select_related("parent").order_by("parent__position", "position")
    )


def text(
    label: Any, *, rows: int = 4, required: bool = True, limit: int = 5000, **more: Any
) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=limit,
        widget=forms.Textarea(attrs={"rows": rows, "maxlength": limit}),
        **more,
    )


class AssignForm(forms.Form):
    """Somebody gets the ticket from a person. The reason is kept; it is needed when somebody else has the ticket or the
    colleague's hands are full, which the service says."""

    agent = AgentChoice(
        label=_("Assign to"), queryset=User.objects.none(), empty_label=_("Choose a colleague")
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agent"].queryset = agents()  # type: ignore[attr-defined]


class EscalateForm(forms.Form):
    """Up one tier: with what is known, so that the customer need not say it again."""

    reason = forms.ModelChoiceField(
        label=_("Why"),
        queryset=EscalationReason.objects.filter(active=True),
        empty_label=_("Choose a reason"),
    )
    category = CategoryChoice(
        label=_("Category"), queryset=Category.objects.none(), empty_label=_("Choose a category")
    )
    steps_tried = text(_("Steps tried"), help_text=_("What was done, and what came of it"))
    evidence = text(_("Evidence"), help_text=_("Log lines, measurements, what the photo shows"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = categories()  # type: ignore[attr-defined]


class HandDownForm(forms.Form):
    """Back to the tier below, with what to do there."""

    instruction = text(_("What to do"), help_text=_("The colleague who gets it back reads this first"))


class RegradeForm(forms.Form):
    """Another grade or category than the classifier chose."""

    grade = forms.ChoiceField(label=_("Grade"), choices=Grade.choices)
    category = CategoryChoice(
        label=_("Category"), queryset=Category.objects.none(), required=False, empty_label=_("Leave as it is")
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = categories()  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    """For colleagues; customers never see it."""

    body = text(_("Note"), rows=5, limit=10_000)


class ReplyForm(forms.Form):
    """To the customer. `client_id` makes a repeated send one message, `seen_seq` is the number of the last message that
    was on the page."""

    NEXT = (
        ("", _("Send")),
        (Status.WAITING_CUSTOMER.value, _("Send and wait for the customer")),
        (Status.WAITING_PART.value, _("Send and wait for a part")),
        (Status.WAITING_THIRD_PARTY.value, _("Send and wait for a third party")),
    )

    body = text(_("Reply"), rows=6, limit=10_000)
    # a form field of this name, not BaseForm.files
    files = ManyFiles(label=_("Attachments"), required=False)  # type: ignore[assignment]
    then = forms.ChoiceField(label=_("Then"), choices=NEXT, required=False)
    client_id = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    seen_seq = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client_id"].initial = uuid.uuid4().hex


class WaitForm(forms.Form):
    """What the ticket waits for; clocks follow."""

    status = forms.ChoiceField(
        label=_("Wait for"),
        choices=[(s.value, s.label) for s in Status if s in WAITING],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=300, required=False, help_text=_("Needed for a part or a third party")
    )


class SnoozeForm(forms.Form):
    """Put aside until one of the usual moments, or one of one's own. `until` is what comes of it."""

    when = forms.ChoiceField(
        label=_("Until when"),
        widget=forms.RadioSelect,
        help_text=_("The deadlines run on. It comes back sooner when the customer writes."),
    )
    until = forms.DateTimeField(
        label=_("Another time"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.moments = snooze.choices(clock.now())
        names = {
            "hour": _("In an hour"),
            "evening": _("This evening"),
            "tomorrow": _("Tomorrow morning"),
            "monday": _("Monday morning"),
        }
        shown = [(code, self._words(names[code], moment)) for code, moment in self.moments.items()]
        self.fields["when"].choices = [*shown, ("other", _("Another time"))]  # type: ignore[attr-defined]
        self.fields["when"].initial = "hour"

    @staticmethod
    def _words(name: Any, moment: datetime) -> str:
        return f"{name} · {timezone.localtime(moment):%m-%d %H:%M}"

    def clean(self) -> dict[str, Any]:
        """{until, reason}, as the verb takes them."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        when = values.pop("when", None)
        if when in self.moments:
            values["until"] = self.moments[when]
        elif when == "other" and not values.get("until") and "until" not in self.errors:
            self.add_error("until", _("Choose a time in the future."))
        return values


class ResolveForm(forms.Form):
    """How it was solved and why it happened."""

    solution_code = forms.ModelChoiceField(
        label=_("Solution"),
        queryset=SolutionCode.objects.filter(active=True),
        empty_label=_("Choose a solution"),
    )
    root_cause = CauseChoice(
        label=_("Root cause"),
        queryset=RootCause.objects.filter(active=True).select_related("parent"),
        empty_label=_("Choose a cause"),
    )
    message = text(
        _("Message to the customer"), limit=10_000, help_text=_("What was done; it asks them to confirm")
    )
    # a form field of this name, not BaseForm.files
    files = ManyFiles(label=_("Attachments"), required=False)  # type: ignore[assignment]
    client_id = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client_id"].initial = uuid.uuid4().hex


class ReopenForm(forms.Form):
    """Not solved after all."""

    reason = text(_("Why it is opened again"), rows=3, limit=1000)


class ConfirmForm(forms.Form):
    """The customer said on the phone that it works: who heard it, and how."""

    reason = forms.CharField(label=_("How the customer confirmed"), max_length=300)
