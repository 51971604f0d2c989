"""What a lower app must ask of an upper one: declared below, provided above.

progress = Port("customer progress")          # in the lower app's ports.py
@progress.provide                             # in the upper app's handlers.py
def tickets_progress(customer_id): ...
progress(customer_id)                         # in the lower app; `default` when nobody provides it
"""

from collections.abc import Callable
from typing import Any


class Port:
    """One question with at most one provider."""

    def __init__(self, name: str, *, default: Any = None) -> None:
        self.name = name
        self.default = default
        self._provider: Callable[..., Any] | None = None

    def provide(self, provider: Callable[..., Any]) -> Callable[..., Any]:
        """Register the provider (a decorator). Raises RuntimeError when there is one already."""
        if self._provider is not None and self._provider is not provider:
            raise RuntimeError(f"port {self.name} has a provider already")
        self._provider = provider
        return provider

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.default if self._provider is None else self._provider(*args, **kwargs)
