"""What staff see of personal data before they give a reason: 138****5678, z***@example.com, the district only."""

from core.templatetags.ui import mask_name, mask_phone

__all__ = ["mask_address", "mask_contact", "mask_email", "mask_name", "mask_phone"]


def mask_email(value: object) -> str:
    """First letter and domain."""
    name, at, domain = str(value or "").strip().rpartition("@")
    return f"{name[:1]}***@{domain}" if at and name else ("***" if domain else "")


def mask_address(value: object) -> str:
    """Says only that there is one: the district stands in a field of its own."""
    return "****" if str(value or "").strip() else ""


def mask_contact(value: object) -> str:
    """A phone number or an email address, whichever it is; anything else shows its first and last two characters."""
    text = str(value or "").strip()
    if "@" in text:
        return mask_email(text)
    digits = sum(letter.isdigit() for letter in text)
    if digits >= 7 and digits >= len(text) - 4:
        return mask_phone(text)
    return f"{text[:2]}****{text[-2:]}" if len(text) > 6 else ("****" if text else "")
