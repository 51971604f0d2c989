"""Customers, what they own and what we sell, in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field
from import_export.widgets import ForeignKeyWidget
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display

from core.admin_base import BaseAdmin, ConfigAdmin, TableInline, ViewOnlyInline
from core.admin_export import ConfigResource, ExportMixin, ImportExportMixin, SafeResource
from core.admin_fields import ChosenField
from core.admin_filters import DaysFilter
from core.masks import mask_address, mask_contact, mask_email, mask_name, mask_phone
from customers import admin_views, rules
from customers.enums import CareFlag
from customers.models import (
    Brand,
    Consent,
    Customer,
    Device,
    ErrorCode,
    Firmware,
    Identity,
    Product,
    ProductLine,
    WarrantyPolicy,
)


def phone_term(term: str) -> str:
    """A phone number as it is kept, "" for anything else."""
    return rules.phone_digits(term) or ""


def email_term(term: str) -> str:
    return term.lower() if "@" in term else ""


def serial_term(term: str) -> str:
    return rules.serial_key(term)


class IdentityInline(ViewOnlyInline):
    model = Identity
    fields = ("kind", "scope", "value_masked", "verified_at")
    readonly_fields = ("value_masked",)

    @display(description=_("value"))
    def value_masked(self, identity: Identity) -> str:
        return mask_contact(identity.value)


class ConsentInline(ViewOnlyInline):
    model = Consent
    fields = ("purpose", "text_version", "channel", "given_at", "withdrawn_at")


class DeviceInline(ViewOnlyInline):
    model = Device
    fields = ("serial", "product", "firmware", "purchased_on", "room", "status")
    show_change_link = True


class CustomerForm(forms.ModelForm):
    care_flags = ChosenField(CareFlag.choices, label=_("Care flags"))


class CustomerResource(SafeResource):
    personal = frozenset({"phone", "email"})

    class Meta:
        model = Customer
        fields = ("id", "salutation", "level", "phone", "email", "region__code", "language", "created_at")


@admin.register(Customer)
class CustomerAdmin(ExportMixin, BaseAdmin):
    """Name, phone, email and address are shown masked; the eye beside them asks for a reason. They change
    where the customer proves them, not here."""

    form = CustomerForm
    resource_classes = (CustomerResource,)
    list_display = ("shown", "level", "phone_masked", "region", "created_at")
    list_filter = (("level", ChoicesDropdownFilter), ("created_at", DaysFilter))
    list_select_related = ("region",)
    exact_search = {
        "phone": phone_term,
        "email": email_term,
        "name": str,
        "salutation": str,
        "identities__value": lambda term: phone_term(term) or term,
        "devices__serial": serial_term,
    }
    search_help_text = _("Whole phone number, email, name or serial number")
    ordering = ("-created_at", "-id")
    inlines = (DeviceInline, IdentityInline, ConsentInline)
    autocomplete_fields = ("region",)
    readonly_fields = ("shown", "name_masked", "phone_masked", "email_masked", "address_masked")
    fieldsets = (
        (None, {"fields": ("salutation", "name_masked", "level", "level_since", "care_flags")}),
        (_("Contact"), {"fields": ("phone_masked", "email_masked", "language")}),
        (_("Address"), {"fields": ("region", "district", "address_masked")}),
        (_("Record"), {"fields": ("user", "created_at", "merged_into")}),
    )

    @display(description=_("customer"), ordering="id")
    def shown(self, customer: Customer) -> str:
        return customer.salutation or mask_name(customer.name) or str(customer)

    def _eye(self, customer: Customer, field: str, masked: str) -> str:
        if not masked:
            return "–"
        url = reverse("admin:customers_customer_reveal", args=[customer.pk, field])
        return format_html('{} <a href="{}" class="text-primary-600">{}</a>', masked, url, _("Show"))

    @display(description=_("name"))
    def name_masked(self, customer: Customer) -> str:
        return self._eye(customer, "name", mask_name(customer.name))

    @display(description=_("phone"))
    def phone_masked(self, customer: Customer) -> str:
        return self._eye(customer, "phone", mask_phone(customer.phone))

    @display(description=_("email"))
    def email_masked(self, customer: Customer) -> str:
        return self._eye(customer, "email", mask_email(customer.email))

    @display(description=_("address"))
    def address_masked(self, customer: Customer) -> str:
        return self._eye(customer, "address", mask_address(customer.address))

    def has_add_permission(self, request: HttpRequest) -> bool:  # type: ignore[override]
        """A customer comes into being when they write to us (customers.services.contacts)."""
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reveal_view)
        own = [path("<int:pk>/reveal/<slug:field>/", view, name="customers_customer_reveal")]
        return own + super().get_urls()

    def reveal_view(self, request: HttpRequest, pk: int, field: str) -> HttpResponse:
        """The reason form, and after it the value."""
        return admin_views.reveal(self, request, pk, field)


class DeviceResource(ConfigResource):
    product = Field("product", "product", ForeignKeyWidget(Product, "model"))

    class Meta(ConfigResource.Meta):
        model = Device
        import_id_fields = ("serial",)
        fields = ("serial", "product", "firmware", "produced_on", "purchased_on", "activated_on", "order_no")

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        super().before_import_row(row, **kwargs)
        row["serial"] = serial_term(str(row.get("serial") or ""))


@admin.register(Device)
class DeviceAdmin(ImportExportMixin, BaseAdmin):
    resource_classes = (DeviceResource,)
    list_display = ("serial", "product", "customer", "firmware", "purchased_on", "status")
    list_filter = (("product__line", RelatedDropdownFilter), ("status", ChoicesDropdownFilter))
    list_select_related = ("product", "customer")
    exact_search = {"serial": serial_term, "customer__phone": phone_term, "order_no": str}
    search_help_text = _("Whole serial number, owner's phone or order number")
    autocomplete_fields = ("product", "customer")
    ordering = ("-id",)


@admin.register(Brand)
class BrandAdmin(ConfigAdmin):
    list_display = ("code", "name_zh", "name_en", "hotline", "is_default")
    search_fields = ("code", "name_zh", "name_en")


class ProductLineResource(ConfigResource):
    class Meta(ConfigResource.Meta):
        model = ProductLine
        fields = ("code", "name_zh", "name_en", "icon", "position")


@admin.register(ProductLine)
class ProductLineAdmin(ImportExportMixin, BaseAdmin):
    resource_classes = (ProductLineResource,)
    list_display = ("code", "name_zh", "name_en", "position")
    list_editable = ("position",)
    search_fields = ("code", "name_zh", "name_en")


class FirmwareInline(TableInline):
    model = Firmware
    fields = ("version", "status", "note_zh", "note_en")


class ProductResource(ConfigResource):
    line = Field("line", "line", ForeignKeyWidget(ProductLine, "code"))
    brand = Field("brand", "brand", ForeignKeyWidget(Brand, "code"))

    class Meta(ConfigResource.Meta):
        model = Product
        fields = (
            "code",
            "model",
            "name_zh",
            "name_en",
            "line",
            "brand",
            "serial_prefix",
            "warranty_months",
            "connected",
            "active",
        )


@admin.register(Product)
class ProductAdmin(ImportExportMixin, ConfigAdmin):
    resource_classes = (ProductResource,)
    list_display = ("model", "name_zh", "name_en", "line", "brand", "warranty_months", "active")
    list_filter = (
        ("line", RelatedDropdownFilter),
        ("brand", RelatedDropdownFilter),
        ("active", BooleanRadioFilter),
    )
    list_select_related = ("line", "brand")
    search_fields = ("model", "code", "name_zh", "name_en")
    autocomplete_fields = ("line", "brand")
    inlines = (FirmwareInline,)


class FirmwareResource(ConfigResource):
    product = Field("product", "product", ForeignKeyWidget(Product, "model"))

    class Meta(ConfigResource.Meta):
        model = Firmware
        import_id_fields = ("product", "version")
        fields = ("product", "version", "status", "note_zh", "note_en")


@admin.register(Firmware)
class FirmwareAdmin(ImportExportMixin, BaseAdmin):
    resource_classes = (FirmwareResource,)
    list_display = ("product", "version", "status", "note_zh", "note_en")
    list_filter = (("status", ChoicesDropdownFilter), ("product", RelatedDropdownFilter))
    list_select_related = ("product",)
    search_fields = ("version", "product__model")
    autocomplete_fields = ("product",)
    ordering = ("product__model", "-version")


class ErrorCodeResource(ConfigResource):
    line = Field("line", "line", ForeignKeyWidget(ProductLine, "code"))

    class Meta(ConfigResource.Meta):
        model = ErrorCode
        import_id_fields = ("line", "code")
        fields = ("line", "code", "meaning_zh", "meaning_en", "advice_zh", "advice_en", "grade")


@admin.register(ErrorCode)
class ErrorCodeAdmin(ImportExportMixin, BaseAdmin):
    resource_classes = (ErrorCodeResource,)
    list_display = ("code", "line", "meaning_zh", "meaning_en", "grade")
    list_filter = (("line", RelatedDropdownFilter),)
    list_select_related = ("line",)
    search_fields = ("code", "meaning_zh", "meaning_en")
    autocomplete_fields = ("line",)


class WarrantyResource(SafeResource):
    class Meta:
        model = WarrantyPolicy
        fields = (
            "code",
            "name_zh",
            "name_en",
            "line__code",
            "part",
            "months",
            "start_basis",
            "source",
            "active",
        )


@admin.register(WarrantyPolicy)
class WarrantyPolicyAdmin(ExportMixin, ConfigAdmin):
    resource_classes = (WarrantyResource,)
    list_display = ("code", "name_zh", "name_en", "line", "part", "months", "source", "verify", "active")
    list_filter = (("line", RelatedDropdownFilter), ("source", ChoicesDropdownFilter), "verify", "active")
    list_select_related = ("line",)
    search_fields = ("code", "name_zh", "name_en", "part")
    autocomplete_fields = ("line",)


class ConsentResource(SafeResource):
    class Meta:
        model = Consent
        fields = ("customer", "purpose", "text_version", "channel", "given_at", "withdrawn_at")


@admin.register(Consent)
class ConsentAdmin(ExportMixin, BaseAdmin):
    resource_classes = (ConsentResource,)
    list_display = ("customer", "purpose", "text_version", "channel", "given_at", "withdrawn_at")
    list_filter = (("purpose", ChoicesDropdownFilter), ("given_at", DaysFilter))
    list_select_related = ("customer",)
    exact_search = {"customer__phone": phone_term}
    search_help_text = _("Whole phone number")
    ordering = ("-given_at", "-id")
