"""How a sign-in code reaches its owner."""

import structlog
from django.conf import settings
from django.utils.translation import gettext

from accounts.ports import send_text

log = structlog.get_logger(__name__)


def deliver_code(*, phone: str, code: str) -> bool:
    """Send a sign-in code to a cleaned number by text message, in the reader's language; whether it left.
    Without a provider a local installation logs it for whoever tries it out; in production a code never
    stands in a log. It is never mailed instead: that would prove a mailbox, not the phone."""
    body = gettext(
        "%(code)s is your sign-in code, valid for %(minutes)d minutes. Nobody of us will ask you for it."
    ) % {"code": code, "minutes": settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60}
    if send_text(phone=phone, body=body):
        return True
    if settings.PRODUCTION:
        log.error("no_text_message_provider")
    else:
        log.warning("sign_in_code", phone=f"{phone[:3]}****{phone[-4:]}", code=code)
    return False
