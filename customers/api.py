"""REST doors of products, places, and what a customer owns."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Region
from core import clock
from core.api.doors import Door
from core.api.fields import Named, words
from core.api.paging import ByNumber
from core.api.schema import page_of, spec
from core.errors import InvalidInput, NotVisible
from core.services.limits import spend
from customers.models import Device, Product
from customers.services.devices import check_serial, register_device
from customers.services.warranty import warranties_of
from customers.viewers import customer_behind

TAG = "customer"
#: serial numbers that one customer may try an hour: a number is no secret, but guessing them is no use to anybody
SERIALS_AN_HOUR = 30


class ProductOut(Named):
    model = serializers.CharField()
    line = Named()
    connected = serializers.BooleanField()


class DeviceIn(serializers.Serializer[Any]):
    serial = words(60)
    product = words(50, help_text="Its model's code; may be left out")
    purchased_on = serializers.DateField(required=False, allow_null=True, default=None)
    order_no = words(40)
    room = words(40)


class WarrantyOut(serializers.Serializer[Any]):
    in_warranty = serializers.BooleanField()
    until = serializers.DateField(allow_null=True)
    basis = serializers.CharField(help_text="purchase, activation or production: the date that counts")
    basis_date = serializers.DateField(allow_null=True)
    days_left = serializers.IntegerField(allow_null=True)


class DeviceOut(serializers.Serializer[Device]):
    id = serializers.IntegerField()
    serial = serializers.CharField()
    product = ProductOut()
    firmware = serializers.CharField()
    purchased_on = serializers.DateField(allow_null=True)
    room = serializers.CharField()
    status = serializers.CharField()
    warranty = serializers.SerializerMethodField()

    @extend_schema_field(WarrantyOut)
    def get_warranty(self, device: Device) -> Any:
        return WarrantyOut(self.context["warranties"][device.pk]).data


class MeOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=[("customer", "customer"), ("staff", "staff")])
    id = serializers.IntegerField()
    name = serializers.CharField()


class Me(Door):
    """Who is signed in."""

    kinds = frozenset({"customer", "staff"})

    @spec("me", "Who is signed in", tag="shared", gives=MeOut)
    def get(self, request: Request) -> Response:
        return self.answer(MeOut, self.viewer)


class Products(Door):
    """All models that we serve."""

    @spec("products", "Models", tag=TAG, gives=ProductOut(many=True))
    def get(self, request: Request) -> Response:
        return self.answer(ProductOut, list(Product.objects.filter(active=True).select_related("line")))


class Regions(Door):
    """The cities that we serve."""

    @spec("regions", "Cities", tag=TAG, gives=Named(many=True))
    def get(self, request: Request) -> Response:
        return self.answer(Named, list(Region.objects.filter(children=None)))


class Devices(Door):
    """A customer's own devices."""

    kinds = frozenset({"customer"})

    @spec("devices", "My devices", tag=TAG, gives=page_of(DeviceOut))
    def get(self, request: Request) -> Response:
        paginator = ByNumber()
        rows = Device.objects.visible_to(self.viewer).select_related("product__line")
        page = paginator.paginate_queryset(rows, request, view=self) or []
        return paginator.get_paginated_response(self._shown(list(page)).data)

    @spec("device_register", "Register a device by its serial number", tag=TAG, takes=DeviceIn, gives=DeviceOut,
          status=201)  # fmt: skip
    def post(self, request: Request) -> Response:
        data = self.taken(DeviceIn)
        at = clock.now()
        spend(f"device-register:{self.viewer.id}", limit=SERIALS_AN_HOUR, seconds=3600, at=at)
        owner = customer_behind(self.viewer)
        if owner is None:
            raise NotVisible()
        product = self._product(data["product"], data["serial"])
        device = register_device(
            serial=data["serial"],
            product=product,
            customer=owner,
            purchased_on=data["purchased_on"],
            order_no=data["order_no"],
            room=data["room"],
            actor=self.viewer,
            at=at,
        )
        return Response(self._shown([device]).data[0], status=201)

    def _product(self, code: str, serial: str) -> Product:
        """The model that was named, else the one that the serial number belongs to."""
        product = (
            Product.objects.select_related("line").filter(code=code, active=True).first() if code else None
        )
        if code and product is None:
            message = _("We don't know this model. Choose one from the list.")
            raise InvalidInput(code="unknown_product", fields={"product": [message]})
        device = check_serial(serial, product)
        if device is None:
            message = _("Enter the serial number from the label, 4 to 40 characters.")
            raise InvalidInput(code="required", fields={"serial": [message]})
        return device.product

    def _shown(self, devices: list[Device]) -> Any:
        day = clock.now().date()
        warranties = warranties_of(devices, day) if devices else {}
        return self.answer(DeviceOut, devices, warranties=warranties)
