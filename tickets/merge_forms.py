"""What staff fill in when tickets are merged, linked, split, or worked on many at once."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import add_domain_error
from tickets.enums import BulkAction, LinkKind
from tickets.forms import AssignForm, NoteForm, RegradeForm, ResolveForm, WaitForm

__all__ = ["BULK_FORMS", "LinkForm", "MergeForm", "SplitForm", "add_domain_error"]


class PairForm(forms.Form):
    """Another ticket, chosen among what the search found. `target` is its number."""

    target = forms.CharField(max_length=24, error_messages={"required": _("Choose a ticket from the list.")})


class MergeForm(PairForm):
    """Which ticket stays, and why."""

    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)
    confirmed = forms.BooleanField(label=_("Merge them although the customers differ"), required=False)


class LinkForm(PairForm):
    """How the tickets belong together, seen from this one; values in capitals turn the direction."""

    KINDS = (
        (LinkKind.RELATED.value, _("related")),
        (LinkKind.DUPLICATE.value, _("same issue")),
        (LinkKind.PARENT.value, _("the other is a part of this")),
        ("PARENT", _("this is a part of the other")),
        (LinkKind.FOLLOW_UP.value, _("this follows on from the other")),
        ("FOLLOW_UP", _("the other follows on from this")),
    )

    kind = forms.ChoiceField(
        label=_("How they belong together"), choices=KINDS, initial=LinkKind.RELATED.value
    )


class SplitForm(forms.Form):
    """What the new ticket is called."""

    subject = forms.CharField(label=_("Subject of the new ticket"), max_length=200)


class ManyNoteForm(NoteForm):
    """A note on each."""


class ManyResolveForm(ResolveForm):
    """How all of them were solved; files are for one ticket at a time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["files"], self.fields["client_id"]


class ManyMergeForm(forms.Form):
    """Which of the chosen tickets stays."""

    target = forms.ChoiceField(label=_("The ticket that stays"), widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)
    confirmed = forms.BooleanField(
        label=_("Merge them although the customers differ"),
        required=False,
        help_text=_("Else tickets of other customers are left as they are."),
    )


BULK_FORMS: dict[BulkAction, type[forms.Form]] = {
    BulkAction.ASSIGN: AssignForm,
    BulkAction.WAIT: WaitForm,
    BulkAction.NOTE: ManyNoteForm,
    BulkAction.REGRADE: RegradeForm,
    BulkAction.RESOLVE: ManyResolveForm,
    BulkAction.MERGE: ManyMergeForm,
}
