"""Bodies of requests: JSON within the limit, and multipart where files come along."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, MultiPartParser

__all__ = ["Json", "MultiPartParser"]


class Json(JSONParser):
    """JSON of at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes: the framework's own parser would read any size. Raises
    RequestDataTooBig, ParseError for what is no JSON (NaN and Infinity are none, nor is what nests too deep)."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise RequestDataTooBig()
        try:
            return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("This is not JSON.")) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
