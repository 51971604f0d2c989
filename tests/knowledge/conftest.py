"""The shipped catalogue and articles, for tests that look through all of them."""

import pytest

from core.actors import SYSTEM
from customers.services.defaults import load_defaults as load_catalogue
from knowledge.services.defaults import load_defaults


@pytest.fixture
def library(db, at) -> None:
    """The forty articles, published."""
    load_catalogue(at)
    load_defaults(at, SYSTEM)
