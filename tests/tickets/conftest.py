"""What every test of tickets can use."""

from typing import Any

import pytest

from tests.factories.tickets import make_desk


@pytest.fixture
def desk_defaults(db: None) -> dict[str, Any]:
    """A minimal configured world: tiers, queues, policy, category, solution, cause, reason (see make_desk)."""
    return make_desk()
