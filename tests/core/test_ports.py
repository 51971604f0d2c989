"""A question from below has at most one answer from above."""

import pytest

from core.ports import Port


def test_a_port_asks_its_provider_and_answers_its_default_without_one() -> None:
    progress = Port("progress", default="nothing known")
    assert progress(7) == "nothing known"
    progress.provide(lambda customer: f"customer {customer}")
    assert progress(7) == "customer 7"


def test_a_port_has_one_provider() -> None:
    port = Port("progress")

    def provider() -> None:
        return None

    port.provide(provider)
    port.provide(provider)
    with pytest.raises(RuntimeError, match="progress has a provider"):
        port.provide(lambda: None)
