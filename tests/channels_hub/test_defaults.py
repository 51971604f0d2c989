"""The channels that ship."""

from datetime import timedelta

import pytest

from channels_hub.enums import ChannelKind
from channels_hub.handlers import look_for_idle_conversations
from channels_hub.models import Channel
from channels_hub.services.defaults import CHANNELS, load_defaults
from core.models import Timer
from tests.factories.customers import BrandFactory

pytestmark = pytest.mark.django_db


def test_each_brand_gets_each_channel_once(at):
    BrandFactory()
    BrandFactory(code="anju", name_zh="安居", name_en="Anju")
    assert load_defaults(at=at) == 16
    assert load_defaults(at=at) == 0
    assert set(Channel.objects.filter(brand__code="anju").values_list("kind", flat=True)) == set(CHANNELS)
    assert set(Channel.objects.filter(enabled=False).values_list("kind", flat=True)) == {
        ChannelKind.WECHAT,
        ChannelKind.SMS,
        ChannelKind.SHOP,
    }


def test_what_somebody_changed_stays(at):
    BrandFactory()
    load_defaults(at=at)
    Channel.objects.filter(kind=ChannelKind.WEB_CHAT).update(enabled=False, name_en="Live chat")
    load_defaults(at=at + timedelta(days=1))
    channel = Channel.objects.get(kind=ChannelKind.WEB_CHAT)
    assert (channel.enabled, channel.name_en) == (False, "Live chat")


def test_the_look_for_idle_conversations_goes_on_every_ten_minutes(at):
    load_defaults(at=at)
    timer = Timer.objects.get(kind="channels.end_idle")
    assert timer.due_at == at
    load_defaults(at=at + timedelta(minutes=5))
    look_for_idle_conversations(timer, at)
    timer.refresh_from_db()
    assert timer.due_at == at + timedelta(minutes=10)
