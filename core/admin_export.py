"""Lists as CSV and Excel files, and configuration back in.

- A file holds what its reader may see: the rows of `visible_to`, contact data masked unless they hold the right.
- Nothing in it runs: a cell that begins like a formula is quoted.
- An import goes through the same validation as the form and never touches what a service writes.
"""

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from import_export.admin import ExportMixin as BaseExportMixin
from import_export.admin import ImportMixin as BaseImportMixin
from import_export.fields import Field
from import_export.formats.base_formats import CSV, XLSX
from import_export.resources import ModelResource
from import_export.results import Error, Result
from unfold.contrib.import_export.forms import ImportForm, SelectableFieldsExportForm

from core.masks import mask_contact
from core.writers import wholly_written, written_fields

#: who holds it gets contact data unmasked
FULL_CONTACTS = "customers.export_contacts"
#: rows in one file: it is built while somebody waits
EXPORT_LIMIT = 20_000
IMPORT_LIMIT = 5_000
#: ticked rows that fit into an address
SELECTED_LIMIT = 500
#: columns that say which row is meant
IDENTIFYING = frozenset(
    {"code", "reference", "display_name", "username", "slug", "employee_no", "model", "number"}
)
#: what a spreadsheet takes for the beginning of a formula
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def quoted(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if isinstance(value, str) and value.startswith(RISKY):
        return f"'{value}"
    return value


def clean_text(value: Any) -> Any:
    """Without the control characters that a workbook cannot hold."""
    if isinstance(value, str):
        return "".join(letter for letter in value if letter >= " " or letter in "\t\n\r")
    return value


class SafeCSV(CSV):
    """With the mark by which Excel knows UTF-8."""

    def export_data(self, dataset: Any, **kwargs: Any) -> str:
        return "\ufeff" + super().export_data(dataset, **kwargs)


class SafeResource(ModelResource):
    """Base of every resource. `personal`: fields with contact data. `reader_may` is set by the door."""

    personal: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *, full_contacts: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.full_contacts = full_contacts

    def export_field(self, field: Field, instance: models.Model, **kwargs: Any) -> Any:
        value = super().export_field(field, instance, **kwargs)
        if self.get_field_name(field) in self.personal and not self.full_contacts:
            value = mask_contact(value)
        return quoted(clean_text(value))

    def get_export_headers(self, selected_fields: Any = None) -> list[str]:
        return [self._heading(field) for field in self.get_export_fields(selected_fields)]

    def _heading(self, field: Field) -> str:
        """Declared columns carry their own words, the others those of the model: of the related row where the column
        only identifies it (`queue__code`: queue), else of the column."""
        if field.column_name and field.column_name != field.attribute:
            return str(field.column_name)
        model, words = self._meta.model, ""
        try:
            for name in str(field.attribute).split("__"):
                found = model._meta.get_field(name)
                if not (words and name in IDENTIFYING):
                    words = str(getattr(found, "verbose_name", name))
                model = found.related_model or model
        except FieldDoesNotExist:
            return str(field.column_name)
        return words


class ChooseFieldsForm(SelectableFieldsExportForm):
    """Which columns, in the words of the file."""

    def _get_field_label(self, resource: type[SafeResource], field_name: str) -> str:
        return resource()._heading(resource.fields[field_name]).capitalize()


class ConfigResource(SafeResource):
    """Base of resources that are imported as well: rows are found by `import_id_fields`, validated like a form, and
    what a service writes is left out."""

    class Meta:
        clean_model_instances = True
        skip_unchanged = True
        use_transactions = True
        import_id_fields: ClassVar[list[str]] = ["code"]

    def get_export_headers(self, selected_fields: Any = None) -> list[str]:
        # the names of the fields, so that an exported file can be imported again
        return [str(field.column_name) for field in self.get_export_fields(selected_fields)]

    def get_import_fields(self) -> list[Field]:
        written = written_fields(self._meta.model)
        return [f for f in super().get_import_fields() if self.get_field_name(f) not in written]

    def import_field(
        self, field: Field, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any
    ) -> None:
        if self.get_field_name(field) not in written_fields(self._meta.model):
            super().import_field(field, instance, row, is_m2m, **kwargs)

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """What an export quoted comes back as it was."""
        for key, value in row.items():
            if isinstance(value, str) and value[:1] == "'" and value[1:].startswith(RISKY):
                row[key] = value[1:]

    def import_data(self, dataset: Any, *args: Any, **kwargs: Any) -> Result:
        if len(dataset) > IMPORT_LIMIT:
            result = Result()
            message = _("A file may hold at most %(n)d rows.") % {"n": IMPORT_LIMIT}
            result.append_base_error(Error(ValueError(message)))
            return result
        return super().import_data(dataset, *args, **kwargs)


class ExportMixin(BaseExportMixin):
    """The list as it stands (search and filters applied) as CSV or Excel."""

    export_form_class = ChooseFieldsForm
    formats = (SafeCSV, XLSX)
    to_encoding = "utf-8"

    def get_export_resource_classes(self, request: HttpRequest) -> Any:
        """Never the library's own choice of all columns."""
        chosen = super().get_export_resource_classes(request)
        if not all(issubclass(found, SafeResource) for found in chosen):
            raise ImproperlyConfigured(f"{type(self).__name__} names no SafeResource")
        return chosen

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))  # type: ignore[attr-defined]

    def get_export_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        full = request.user.has_perm(FULL_CONTACTS)
        return {**super().get_export_resource_kwargs(request, **kwargs), "full_contacts": full}

    def export_action(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            rows = self.get_export_queryset(request).order_by().values_list("pk")[: EXPORT_LIMIT + 1]
            if len(rows) > EXPORT_LIMIT:
                words = _("A file holds at most %(n)d rows. Narrow the list with the filters and try again.")
                messages.error(request, words % {"n": EXPORT_LIMIT})
                return HttpResponseRedirect(request.get_full_path())
        return super().export_action(request)

    def _do_file_export(
        self, file_format: Any, request: HttpRequest, queryset: "QuerySet[Any]", export_form: Any = None
    ) -> HttpResponse:
        response = super()._do_file_export(file_format, request, queryset, export_form=export_form)
        # taking data out is a fact about the person who did it
        LogEntry.objects.create(
            user_id=request.user.pk,
            content_type=ContentType.objects.get_for_model(self.model),  # type: ignore[attr-defined]
            object_repr=str(self.model._meta.verbose_name_plural)[:200],  # type: ignore[attr-defined]
            action_flag=CHANGE,
            change_message=f"exported {_filters(request)}"[:300].strip(),
        )
        response["Cache-Control"] = "no-store"
        return response

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)  # type: ignore[misc]
        if IS_POPUP_VAR not in request.GET and self.has_export_permission(request):
            actions["export_selected"] = (_export_selected, "export_selected", _("Export …"))
        return actions


def _export_selected(admin: Any, request: HttpRequest, rows: "QuerySet[Any]") -> HttpResponse:
    """The ticked rows, through the page of the export."""
    info = (admin.model._meta.app_label, admin.model._meta.model_name)
    keys = ",".join(str(pk) for pk in rows.values_list("pk", flat=True)[:SELECTED_LIMIT])
    return HttpResponseRedirect(
        f"{reverse('admin:{}_{}_export'.format(*info))}?{urlencode({'pk__in': keys})}"
    )


def _filters(request: HttpRequest) -> str:
    """What the list was narrowed to; not what was searched for, which may be somebody's phone number."""
    kept = {
        key: value for key, value in request.GET.items() if key not in (SEARCH_VAR, "_changelist_filters")
    }
    return urlencode(kept)


class ImportMixin(BaseImportMixin):
    """Rows from a CSV or Excel file, shown before they are saved."""

    import_form_class = ImportForm
    formats = (SafeCSV, XLSX)

    def has_import_permission(self, request: HttpRequest) -> bool:
        model = self.model  # type: ignore[attr-defined]
        allowed = self.has_add_permission(request) and self.has_change_permission(request)  # type: ignore[attr-defined]
        return not wholly_written(model) and bool(allowed)


class ImportExportMixin(ImportMixin, ExportMixin):
    """Both ways."""

    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
