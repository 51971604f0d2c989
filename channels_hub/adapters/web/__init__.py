"""Pages of ours: what is stored is said. The customer's page fetches it."""

from contextlib import AbstractContextManager

from channels_hub.adapters.base import Adapter, Capabilities, Session
from channels_hub.models import Thread


class PageAdapter:
    """Web form, web chat, app, and every channel whose customers read their answers on the tracking page."""

    capabilities = Capabilities(on_page=True, files=True)

    def recipient(self, thread: Thread) -> str:
        return ""

    def open(self) -> AbstractContextManager[Session]:
        raise RuntimeError("nothing leaves the house by way of a page")


adapter: Adapter = PageAdapter()
