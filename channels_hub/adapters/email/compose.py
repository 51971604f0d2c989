"""From an outgoing message to a mail: plain text, a simple HTML part with the same words, and stable
headers."""

from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac

from channels_hub.adapters.base import Outgoing


def message_id(outbox_id: int) -> str:
    """The Message-ID of an Outbox row: the same on every try, and not to be guessed from the row's number."""
    proof = salted_hmac("channels_hub.outbox", str(outbox_id), algorithm="sha256").hexdigest()[:20]
    return f"<anxin-{outbox_id}-{proof}@{_domain()}>"


def _domain() -> str:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return address.rpartition("@")[2] or "localhost"


def compose(outgoing: Outgoing) -> EmailMultiAlternatives:
    """The mail. Raises ValueError when an address or a header holds what a header may not hold."""
    headers = {
        "Message-ID": message_id(outgoing.outbox_id),
        # RFC 3834: out-of-office answers are not sent to what was generated
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if outgoing.references:
        headers["In-Reply-To"] = outgoing.references[-1]
        headers["References"] = " ".join(outgoing.references)
    mail = EmailMultiAlternatives(
        subject=outgoing.subject,
        body=outgoing.body,
        from_email=outgoing.sender or settings.DEFAULT_FROM_EMAIL,
        to=[outgoing.recipient],
        headers=headers,
    )
    html = render_to_string(
        "channels_hub/mail.html", {"body": outgoing.body, "language": outgoing.language or "zh-hans"}
    )
    mail.attach_alternative(html, "text/html")
    return mail
