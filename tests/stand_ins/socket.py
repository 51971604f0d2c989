"""A page's WebSocket, spoken to in ASGI (channels' own test client needs a server that we do not install)."""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator


class PageSocket(ApplicationCommunicator):
    """Open, say and hear JSON, close."""

    def __init__(self, application: Any, **scope: Any) -> None:
        super().__init__(
            application, {"type": "websocket", "path": "/ws/live/", "client": ("127.0.0.1", 5000), **scope}
        )

    async def open(self) -> dict[str, Any]:
        """Connect; what the server answered."""
        await self.send_input({"type": "websocket.connect"})
        return await self.receive_output(timeout=5)

    async def say(self, message: Any) -> None:
        """Send text as it is, everything else as JSON."""
        text = message if isinstance(message, str) else json.dumps(message)
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hear(self) -> Any:
        """The next message."""
        output = await self.receive_output(timeout=5)
        assert output["type"] == "websocket.send", output
        return json.loads(output["text"])

    async def close(self) -> None:
        """Leave, and wait until the server is through with us."""
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=5)
