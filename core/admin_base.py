"""What every page of the admin keeps to.

- What a service writes (core.writers) is read-only: on add and change pages, in inlines, lists and imports, for
  superusers too. A model written by services alone cannot be added, changed or deleted here.
- Lists start from `visible_to(viewer)` and never count a whole table.
- A domain error stands beside the field it is about, and nothing is half-written.
- Personal data is masked; who needs it gives a reason.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.admin.options import BaseModelAdmin
from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from simple_history.admin import SimpleHistoryAdmin
from unfold import widgets
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.views import ChangeList

from core import ports_declared
from core.actors import Actor
from core.errors import DomainError
from core.writers import wholly_written, written_fields

#: a list counts so far and then says "more than"
COUNT_LIMIT = 2000
#: so many rows at a time an action takes
ACTION_LIMIT = 200
#: so many rows each searched column yields
SEARCH_LIMIT = 100


CLOTHES: tuple[tuple[type[forms.Widget], list[str]], ...] = (
    (forms.HiddenInput, []),
    (forms.Textarea, [*widgets.TEXTAREA_CLASSES]),
    (forms.SelectMultiple, [*widgets.SELECT_CLASSES, "h-40"]),
    (forms.Select, [*widgets.SELECT_CLASSES]),
    (forms.CheckboxInput, [*widgets.CHECKBOX_CLASSES]),
    (forms.FileInput, ["block", "w-full", "text-sm"]),
    (forms.Widget, [*widgets.INPUT_CLASSES]),
)
F = TypeVar("F", bound=forms.BaseForm)


def viewer_of(request: HttpRequest) -> Actor:
    """Who looks at this page of the admin."""
    viewer: Actor = ports_declared.viewer_of_request(request)
    return viewer


class CappedPaginator(Paginator):
    """Counts at most COUNT_LIMIT rows, whatever the table holds; pages beyond are reached with "next"."""

    template_name = "admin/capped_pagination.html"

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return len(rows.order_by().values_list("pk")[: COUNT_LIMIT + 1])
        return len(rows)

    @property
    def limit(self) -> int:
        return COUNT_LIMIT

    @property
    def more(self) -> bool:
        """Whether there are more rows than were counted."""
        return self.count > COUNT_LIMIT

    def validate_number(self, number: Any) -> int:
        if not self.more:
            return super().validate_number(number)
        try:
            number = int(number)
        except (TypeError, ValueError):
            raise PageNotAnInteger(_("That page number is not an integer")) from None
        if number < 1:
            raise EmptyPage(_("That page number is less than 1"))
        return number

    def page(self, number: Any) -> Page:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        return self._get_page(self.object_list[start : start + self.per_page], number, self)


class Guarded(BaseModelAdmin):
    """Read-only where a service writes: base of model admins and inlines alike."""

    model: type[models.Model]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        declared = list(super().get_readonly_fields(request, obj))
        written = written_fields(self.model)
        names = [f.name for f in (*self.model._meta.fields, *self.model._meta.many_to_many) if f.editable]
        return declared + [name for name in names if name in written and name not in declared]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A row that is being added does not show what a service will write."""
        sets = super().get_fieldsets(request, obj)
        if obj is not None:
            return sets
        hidden = written_fields(self.model)
        kept = []
        for name, options in sets:
            fields = [_without(line, hidden) for line in options["fields"]]
            if fields := [line for line in fields if line]:
                kept.append((name, {**options, "fields": fields}))
        return kept

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if wholly_written(self.model):
            return False
        if isinstance(self, TabularInline | StackedInline):
            return super().has_add_permission(request, obj)  # type: ignore[call-arg]
        return super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not wholly_written(self.model) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not wholly_written(self.model) and super().has_delete_permission(request, obj)


def _without(line: Any, hidden: Iterable[str]) -> Any:
    if isinstance(line, str):
        return None if line in hidden else line
    return tuple(name for name in line if name not in hidden) or None


class CappedChangeList(ChangeList):
    """The heading names a number only for a list that was narrowed, and only one that was counted."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        narrowed = self.query or self.has_active_filters
        if not narrowed or getattr(self.paginator, "more", False):
            self.full_result_count = self.result_count


def with_spoken_names(formset: Any) -> Any:
    """The formset class, its fields named for who does not see the head of their column."""
    for field in formset.form.base_fields.values():
        field.widget.attrs.setdefault("aria-label", str(field.label or ""))
    return formset


class BaseAdmin(Guarded, ModelAdmin):
    """Base of every model admin of this project.

    `exact_search`: field lookup → how the term is cleaned; big tables are searched by equality on indexed columns
    (`{"phone": clean}`) instead of scanned. `deletable`: whether rows may go; off, since records are referred to and
    audited, and configuration is switched off instead.
    """

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 200
    list_filter_sheet = True
    list_filter_submit = True
    compressed_fields = True
    warn_unsaved_form = True
    save_on_top = False
    deletable: ClassVar[bool] = False
    exact_search: ClassVar[dict[str, Callable[[str], str]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "exact_search" in cls.__dict__ and "search_fields" not in cls.__dict__:
            cls.search_fields = tuple(cls.exact_search)

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        """The fields of a list that can be written in say what they are: their column's head is no label."""
        return with_spoken_names(super().get_changelist_formset(request, **kwargs))

    # --- who sees what --------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows = self.model._default_manager.all()
        if hasattr(rows, "visible_to"):
            rows = rows.visible_to(viewer_of(request))
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.deletable and super().has_delete_permission(request, obj)

    def has_work_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may use verbs on rows that they cannot edit (assign, retry, publish …)."""
        opts = self.opts
        return bool(request.user.has_perm(f"{opts.app_label}.change_{opts.model_name}"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return CappedChangeList

    # --- search ---------------------------------------------------------------------------------------
    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        if not self.exact_search or not search_term.strip():
            return super().get_search_results(request, queryset, search_term)
        # one small indexed read each: an OR over joins would scan the table
        found: set[Any] = set()
        rows = self.model._default_manager.order_by()
        for lookup, clean in self.exact_search.items():
            if value := clean(search_term.strip()):
                found.update(rows.filter(**{lookup: value}).values_list("pk", flat=True)[:SEARCH_LIMIT])
        return queryset.filter(pk__in=found), False

    # --- domain errors --------------------------------------------------------------------------------
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            if error.status == 404 or request.method != "POST":
                raise
            # what was saved is rolled back; the same input is checked again, and the form now knows what is wrong
            request.domain_error = error  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        error = getattr(request, "domain_error", None)
        return form if error is None else type(form.__name__, (Refused, form), {"refused": error})

    def response_action(self, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponse | None:
        try:
            return super().response_action(request, queryset)
        except DomainError as error:
            if error.status == 404:
                raise
            messages.error(request, str(error))
            return HttpResponseRedirect(request.get_full_path())

    def each(
        self, request: HttpRequest, rows: "QuerySet[Any]", verb: Callable[[Any], object], done: str
    ) -> int:
        """Use a verb on each selected row; one that refuses does not stop the others. Says what came of each. `done`
        holds %(n)d. Returns how many went well."""
        chosen = list(rows[: ACTION_LIMIT + 1])
        if len(chosen) > ACTION_LIMIT:
            messages.error(request, _("Choose at most %(n)d rows at a time.") % {"n": ACTION_LIMIT})
            return 0
        well, refused = 0, []
        for row in chosen:
            try:
                verb(row)
            except DomainError as error:
                refused.append(f"{row}: {error_text(error)}")
            else:
                well += 1
        if well:
            messages.success(request, done % {"n": well})
        for line in refused:
            messages.error(request, line)
        return well


def dress(form: F) -> F:
    """A plain form in the admin's clothes: the same forms serve the desk, which has its own."""
    for field in form.fields.values():
        widget = field.widget
        if isinstance(widget, forms.RadioSelect):
            field.widget = widgets.UnfoldAdminRadioSelectWidget(choices=field.choices)  # type: ignore[attr-defined]
            continue
        classes: list[str] = next((names for kind, names in CLOTHES if isinstance(widget, kind)), [])
        widget.attrs["class"] = " ".join(classes)
    return form


def error_text(error: DomainError) -> str:
    """A domain error in one line: the message, what is wrong with which value, and what is allowed instead."""
    details = [str(m) for found in error.fields.values() for m in found if str(m) != str(error)]
    return " ".join([str(error), *details])


class Refused(forms.BaseForm):
    """A form whose input a service refused: the answer stands beside the fields it names."""

    refused: DomainError

    def _clean_form(self) -> None:
        super()._clean_form()  # type: ignore[misc]
        error, placed = self.refused, False
        for name, found in error.fields.items():
            if name in self.fields:
                placed = True
                for message in found:
                    self.add_error(name, str(message))
        if not placed:
            self.add_error(None, error_text(error))


class ConfigAdmin(SimpleHistoryAdmin, BaseAdmin):
    """A configuration row: every change is kept, with who made it, and can be looked at and taken back."""

    object_history_template = "simple_history/object_history.html"

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        return wholly_written(self.model) or bool(super().revert_disabled(request, obj))


class TableInline(Guarded, TabularInline):
    """Rows in a table below their parent."""

    extra = 0
    show_change_link = False
    deletable: ClassVar[bool] = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.deletable and super().has_delete_permission(request, obj)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return with_spoken_names(super().get_formset(request, obj, **kwargs))


class StackInline(Guarded, StackedInline):
    """Rows one below the other, below their parent."""

    extra = 0
    deletable: ClassVar[bool] = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.deletable and super().has_delete_permission(request, obj)


class ViewOnlyInline(TableInline):
    """Rows that are only looked at here."""

    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
