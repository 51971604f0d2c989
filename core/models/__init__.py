from core.models.delivery import Delivery, EventCursor
from core.models.event import Event, EventDetail, Seal
from core.models.file import File
from core.models.once import OnceKey
from core.models.timer import Lease, Timer
from core.models.tries import Tries

__all__ = [
    "Delivery",
    "Event",
    "EventCursor",
    "EventDetail",
    "File",
    "Lease",
    "OnceKey",
    "Seal",
    "Timer",
    "Tries",
]
