"""The same request twice is one request."""

import hashlib
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict
from core.models import OnceKey


def claim(*, scope: str, key: str, content: bytes, at: datetime) -> int | None:
    """Use a key, inside the transaction of the work. None: it is new, do the work, then `keep` the result. A number:
    the result of the first time. Raises Conflict when the key was used for other content, or its first use is still
    running."""
    fingerprint = hashlib.sha256(content).hexdigest()
    try:
        with transaction.atomic():
            OnceKey.objects.create(scope=scope, key=key, fingerprint=fingerprint, at=at)
    except IntegrityError:
        used = OnceKey.objects.get(scope=scope, key=key)
        if used.fingerprint != fingerprint:
            raise Conflict(_("This key was already used for another request."), code="key_reused") from None
        if used.result_id is None:
            raise Conflict(_("The same request is being processed."), code="in_progress") from None
        return used.result_id
    return None


def keep(*, scope: str, key: str, result_id: int) -> None:
    """Remember what came of the work."""
    OnceKey.objects.filter(scope=scope, key=key).update(result_id=result_id)
