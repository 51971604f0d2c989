"""What a phone number is, without touching the database."""

import re
import unicodedata

import phonenumbers

#: a mainland mobile number; new ranges are given out faster than lists of them are renewed
MOBILE = re.compile(r"^1[3-9]\d{9}$")
_ALLOWED = re.compile(r"^[\d\s()+\-‐-―−.]+$")


def plain(text: str) -> str:
    """Full-width letters and digits as plain ones, without blanks around."""
    return unicodedata.normalize("NFKC", text).strip()


def phone_digits(text: str) -> str | None:
    """A number as we keep it: mainland numbers as national digits (13812345678, 057187654321), others in
    E.164 (+85291234567). None when it is no phone number."""
    text = plain(text)
    if not _ALLOWED.match(text):
        return None
    digits = re.sub(r"\D", "", text)
    if not text.startswith("+"):
        if digits.startswith("00"):
            text = "+" + digits[2:]
        elif digits.startswith("86") and MOBILE.match(digits[2:]):
            text = "+" + digits
    national = digits.removeprefix("00").removeprefix("86") if text.startswith("+86") else digits
    if MOBILE.match(national) and (text.startswith("+86") or not text.startswith("+")):
        return national
    try:
        parsed = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    if parsed.country_code != 86:
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return re.sub(r"\D", "", phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL))


def is_mobile(phone: str) -> bool:
    """Whether a cleaned number is a mainland mobile, which can take a text message."""
    return bool(MOBILE.match(phone))
