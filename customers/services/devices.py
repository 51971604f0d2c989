"""Serial numbers and who owns what."""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.db import lock_rows
from core.errors import Conflict, InvalidInput, NotVisible
from core.events import announce
from customers import rules
from customers.events import DeviceRegistered
from customers.models import Customer, Device, Product


def find_device(serial: str) -> Device | None:
    """The device with this serial number however it was typed (case, blanks, hyphens, full-width
    characters), with its product and line."""
    key = rules.serial_key(serial)
    if not key:
        return None
    return Device.objects.select_related("product__line", "product__brand").filter(serial=key).first()


def check_serial(serial: str, product: Product | None) -> Device | None:
    """The device behind a typed serial number; None when nothing was typed. Raises InvalidInput for the
    field `serial` when it is unknown (`unknown_serial`) or belongs to another model than the chosen one
    (`serial_of_other_model`)."""
    if not rules.serial_key(serial):
        return None
    device = find_device(serial)
    if device is None:
        raise _wrong_serial(
            _("We don't know this serial number. Compare it with the label, or leave the field empty."),
            code="unknown_serial",
        )
    if product is not None and device.product_id != product.pk:
        raise _wrong_serial(
            _("This serial number belongs to another model (%(model)s). Choose that one or check the number.")
            % {"model": device.product.model},
            code="serial_of_other_model",
        )
    return device


def _wrong_serial(message: object, *, code: str) -> InvalidInput:
    return InvalidInput(message, code=code, fields={"serial": [message]})


def check_purchase_date(purchased_on: date | None, *, at: datetime) -> None:
    """A purchase lies not in the future, by the calendar in Shanghai. Raises InvalidInput for
    `purchased_on`."""
    if purchased_on is not None and purchased_on > timezone.localdate(at):
        raise _wrong_date(_("The purchase date lies in the future."), code="future_date")


def _wrong_date(message: object, *, code: str) -> InvalidInput:
    return InvalidInput(message, code=code, fields={"purchased_on": [message]})


@transaction.atomic
def register_device(
    *,
    serial: str,
    product: Product,
    customer: Customer,
    purchased_on: date | None = None,
    order_no: str = "",
    room: str = "",
    actor: Actor,
    at: datetime,
) -> Device:
    """Give a device to its owner. Staff may enter a serial number that is not in the books yet and may move
    a device to another owner; a customer may take a known device that has no owner. Doing it twice changes
    nothing and announces nothing. Raises InvalidInput (`serial`, `purchased_on`), Conflict when it has
    another owner, NotVisible when a customer acts for somebody else."""
    trusted = actor.is_staff or actor.is_system
    if not trusted and (actor.kind != "customer" or actor.id != customer.pk):
        raise NotVisible()
    key = rules.serial_key(serial)
    if not 4 <= len(key) <= 40:
        raise _wrong_serial(_("Enter the serial number from the label, 4 to 40 characters."), code="required")
    check_purchase_date(purchased_on, at=at)
    if trusted:
        _ensure_known(key, product)
    device = lock_rows(Device.objects.filter(serial=key)).first()
    if device is None or device.product_id != product.pk:
        check_serial(key, product)
        raise RuntimeError("check_serial accepts only what the lock found")
    if device.produced_on and purchased_on and purchased_on < device.produced_on:
        raise _wrong_date(
            _("This device was produced on %(day)s: it cannot have been bought before.")
            % {"day": device.produced_on.isoformat()},
            code="before_production",
        )
    new_owner = device.customer_id != customer.pk
    if new_owner and device.customer_id is not None and not trusted:
        raise Conflict(
            _("This device is registered to somebody else. Ask us to move it."), code="device_has_owner"
        )
    given: dict[str, object] = {
        "purchased_on": purchased_on,
        "order_no": order_no.strip(),
        "room": rules.plain(room),
    }
    fresh = {field: value for field, value in given.items() if value and getattr(device, field) != value}
    if new_owner:
        fresh["customer"] = customer
    if not fresh:
        return device
    for field, value in fresh.items():
        setattr(device, field, value)
    device.save(update_fields=list(fresh))
    if new_owner:
        announce(DeviceRegistered(subject_id=device.pk, customer_id=customer.pk), actor=actor, at=at)
    return device


def _ensure_known(key: str, product: Product) -> None:
    try:
        with transaction.atomic():
            Device.objects.get_or_create(serial=key, defaults={"product": product})
    except IntegrityError:  # somebody entered it at the same moment: the lock decides
        return
