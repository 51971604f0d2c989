"""Pure rules of conversations."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_hub import rules
from channels_hub.enums import ChannelKind, SendState


@pytest.mark.parametrize("before", SendState.values)
@pytest.mark.parametrize("after", SendState.values)
def test_a_message_moves_forward_only(before, after):
    forward = {
        "queued": {"sent", "delivered", "read", "failed"},
        "sent": {"delivered", "read"},
        "delivered": {"read"},
        "failed": {"queued", "delivered", "read"},
    }
    assert (after in rules.NEXT_STATES[before]) is (after in forward.get(before, set()))
    assert (before in rules.states_before(after)) is (after in rules.NEXT_STATES[before])


@pytest.mark.parametrize(
    ("kind", "settings", "limit"),
    [
        (ChannelKind.WEB_CHAT, {}, timedelta(hours=2)),
        (ChannelKind.EMAIL, {}, timedelta(days=7)),
        (ChannelKind.WEB_CHAT, {"conversation_idle_minutes": 30}, timedelta(minutes=30)),
        (ChannelKind.WEB_CHAT, {"conversation_idle_minutes": 0}, timedelta(hours=2)),
        (ChannelKind.WEB_CHAT, {"conversation_idle_minutes": "30"}, timedelta(hours=2)),
        (ChannelKind.WEB_CHAT, {"conversation_idle_minutes": True}, timedelta(hours=2)),
    ],
)
def test_how_long_silence_may_last(kind, settings, limit):
    assert rules.idle_limit(kind, settings) == limit


def test_how_long_a_message_may_be():
    assert (rules.body_limit(ChannelKind.WEB_CHAT), rules.body_limit(ChannelKind.EMAIL)) == (4_000, 50_000)


@given(st.integers(1, 60))
def test_pauses_grow_to_their_limit(n):
    assert rules.wait_after(n) <= rules.wait_after(n + 1) <= timedelta(hours=1)
    assert rules.knock_after(n) <= rules.knock_after(n + 1) <= timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a.example/t/abcdefghij0123456789", "https://a.example/t/…"),
        ("https://a.example/t/abcdefghij0123456789/ now", "https://a.example/t/…/ now"),
        ("https://a.example/help/door-lock", "https://a.example/help/door-lock"),
        ("T-2026-000042 abcdefghij0123456789", "T-2026-000042 abcdefghij0123456789"),
    ],
)
def test_private_links_are_made_useless(text, shown):
    assert rules.without_secrets(text) == shown
