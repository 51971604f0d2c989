"""The shipped configuration of all apps, in the order in which they refer to each other."""

from datetime import datetime

import accounts.services.defaults
import channels_hub.services.defaults
import customers.services.defaults
import knowledge.services.defaults
import surveys.services.defaults
import tickets.services.defaults
from core.actors import SYSTEM


def load_defaults(*, at: datetime) -> int:
    """Insert what is missing of each app's defaults/; returns how many rows. What is there stays as administrators
    left it."""
    return (
        accounts.services.defaults.load_defaults(at=at)
        + customers.services.defaults.load_defaults(at=at)
        + channels_hub.services.defaults.load_defaults(at=at)
        + tickets.services.defaults.load_defaults(at=at)
        + surveys.services.defaults.load_defaults(at=at)
        + knowledge.services.defaults.load_defaults(at=at, actor=SYSTEM)
    )
