"""Customers and what they own, for tests."""

from datetime import date
from typing import Any

import factory

from customers.enums import IdentityKind, Level
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
from tests.factories.times import NOW


class BrandFactory(factory.django.DjangoModelFactory):
    """The default brand, made once."""

    class Meta:
        model = Brand
        django_get_or_create = ("code",)

    code = "heqi"
    name_zh = "禾栖智家"
    name_en = "Heqi Home"
    company_zh = "禾栖智家科技有限公司"
    company_en = "Heqi Home Technology"
    hotline = "400-800-0000"
    sms_signature = "禾栖智家"
    is_default = factory.LazyAttribute(lambda o: o.code == "heqi")


class ProductLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ProductLine
        django_get_or_create = ("code",)

    code = "lock"
    name_zh = factory.LazyAttribute(lambda o: {"lock": "门锁"}.get(o.code, f"品类{o.code}"))
    name_en = factory.LazyAttribute(lambda o: o.code.title())
    icon = "lockd"


class ProductFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Product
        django_get_or_create = ("code",)

    code = factory.LazyAttribute(lambda o: o.model.lower().replace(" ", "-"))
    model = factory.Sequence(lambda n: f"HQ-L{n}")
    name_zh = "智能门锁"
    name_en = "Smart lock"
    line = factory.SubFactory(ProductLineFactory)
    brand = factory.SubFactory(BrandFactory)


class FirmwareFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Firmware

    product = factory.SubFactory(ProductFactory)
    version = "2.3.1"


class ErrorCodeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ErrorCode
        django_get_or_create = ("line", "code")

    line = None
    code = "N01"
    meaning_zh = "密码错误"
    meaning_en = "Wrong password"


class CustomerFactory(factory.django.DjangoModelFactory):
    """A customer with a phone, and the identity that belongs to it."""

    class Meta:
        model = Customer
        skip_postgeneration_save = True

    name = "周敏"
    salutation = "周女士"
    phone = factory.Sequence(lambda n: f"138{n:08d}")
    level = Level.NORMAL
    created_at = NOW

    @factory.post_generation
    def known_by(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        """`known_by__verified_at=…` makes the phone a proven one."""
        for kind, value in ((IdentityKind.PHONE, self.phone), (IdentityKind.EMAIL, self.email)):
            if create and value:
                Identity.objects.create(customer=self, kind=kind, value=value, **kwargs)


class DeviceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Device

    serial = factory.Sequence(lambda n: f"L5P2025{n:06d}")
    product = factory.SubFactory(ProductFactory)
    customer = factory.SubFactory(CustomerFactory)
    firmware = "2.4.0"
    produced_on = date(2025, 5, 20)
    purchased_on = date(2025, 6, 18)


class WarrantyPolicyFactory(factory.django.DjangoModelFactory):
    """The whole unit of every line, 12 months from the purchase."""

    class Meta:
        model = WarrantyPolicy
        django_get_or_create = ("code",)

    code = "unit-default"
    name_zh = "整机保修"
    name_en = "Whole unit"
    months = 12


class ConsentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Consent

    customer = factory.SubFactory(CustomerFactory)
    purpose = "service"
    text_version = "2026-01"
    channel = "web"
    given_at = NOW


def make_owner(*, product: Product | None = None, **customer: Any) -> tuple[Customer, Device]:
    """A customer and the device they own."""
    owner = CustomerFactory(**customer)
    return owner, DeviceFactory(customer=owner, **({"product": product} if product else {}))
