"""RFC 9457 problem details for everything that goes wrong in the API."""

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Placeholder until the API colleague writes it in full."""
    return exception_handler(error, context)
