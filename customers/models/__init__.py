from customers.models.brand import Brand
from customers.models.catalog import ErrorCode, Firmware, Product, ProductLine
from customers.models.customer import Consent, Customer, Identity
from customers.models.device import Device
from customers.models.warranty import WarrantyPolicy

__all__ = [
    "Brand",
    "Consent",
    "Customer",
    "Device",
    "ErrorCode",
    "Firmware",
    "Identity",
    "Product",
    "ProductLine",
    "WarrantyPolicy",
]
