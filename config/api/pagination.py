"""The default pagination, by the name that settings give it."""

from core.api.paging import NewestFirst

__all__ = ["NewestFirst"]
