"""Checks that `manage.py check --deploy` runs beside Django's own."""

from typing import Any

from django.conf import settings
from django.core.checks import Tags, Warning, register


@register(Tags.security, deploy=True)
def mail_leaves_the_machine(app_configs: Any, **kwargs: Any) -> list[Warning]:
    """Warn when mail is only printed: customers would never get their links."""
    if settings.PRODUCTION and "console" in settings.EMAIL_BACKEND:
        return [Warning("EMAIL_URL is not set: mail is printed, not sent.", id="core.W001")]
    return []
