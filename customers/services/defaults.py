"""The brands, models, codes and warranty rules that a new installation starts with."""

from datetime import datetime
from typing import Any

from django.db import transaction

from core.services.defaults import create_missing, read_defaults
from customers.models import Brand, ErrorCode, Firmware, Product, ProductLine, WarrantyPolicy


@transaction.atomic
def load_defaults(at: datetime) -> int:
    """Insert what is missing of customers/defaults/catalog.yaml; returns how many rows were new. Rows that
    are there stay as an administrator left them. The first brand becomes the default one when there is
    none."""
    given = read_defaults("customers", "catalog")
    has_default = Brand.objects.filter(is_default=True).exists()
    brands = [
        Brand(is_default=not place and not has_default, **row) for place, row in enumerate(given["brands"])
    ]
    new = len(create_missing(brands, key=["code"], at=at))
    lines = [ProductLine(position=place, **row) for place, row in enumerate(given["lines"])]
    new += len(create_missing(lines, key=["code"], at=at))
    brand_of = Brand.objects.in_bulk(field_name="code")
    line_of = ProductLine.objects.in_bulk(field_name="code")
    products = [
        Product(**{**row, "line": line_of[row["line"]], "brand": brand_of[row["brand"]]})
        for row in given["products"]
    ]
    new += len(create_missing(products, key=["code"], at=at))
    product_of = Product.objects.in_bulk(field_name="code")
    firmware = [Firmware(**{**row, "product": product_of[row["product"]]}) for row in given["firmware"]]
    new += len(create_missing(firmware, key=["product", "version"], at=at))
    codes = [ErrorCode(**_with_line(row, line_of)) for row in given["error_codes"]]
    new += len(create_missing(codes, key=["line", "code"], at=at))
    policies = [
        WarrantyPolicy(**{**_with_line(row, line_of), "part": row["part"] or ""})
        for row in given["warranty_policies"]
    ]
    return new + len(create_missing(policies, key=["code"], at=at))


def _with_line(row: dict[str, Any], line_of: dict[str, ProductLine]) -> dict[str, Any]:
    return {**row, "line": line_of[row["line"]] if row["line"] else None}
