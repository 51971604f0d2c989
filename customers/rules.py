"""What holds for serial numbers and dates, without touching the database. (Phones: accounts.phones.)"""

import re
from datetime import date

from accounts.phones import is_mobile, phone_digits, plain

__all__ = ["add_months", "is_mobile", "phone_digits", "plain", "serial_key"]

_NOT_IN_SERIALS = re.compile(r"[\s\-‐-―−_.·/]+")


def serial_key(text: str) -> str:
    """A serial number as we keep it: upper case, plain characters, without blanks and hyphens."""
    return _NOT_IN_SERIALS.sub("", plain(text)).upper()


def add_months(day: date, months: int) -> date:
    """The same day `months` later; the last day of the month where that day does not exist (31 Jan + 1 = 28
    Feb)."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        if last > day.day:
            continue
        try:
            return date(year, month0 + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
