"""The channels that every brand begins with."""

from datetime import datetime

from django.db import transaction

from channels_hub.enums import ChannelKind
from channels_hub.models import Channel
from core.models import Timer
from core.services.timers import set_timer
from customers.models import Brand

#: kind → names; the last says whether it can be used as shipped (the others wait for their account's
#: settings)
CHANNELS = {
    ChannelKind.WEB_FORM: ("网页表单", "Web form", True),
    ChannelKind.WEB_CHAT: ("网页聊天", "Web chat", True),
    ChannelKind.APP: ("手机应用", "App", True),
    ChannelKind.EMAIL: ("电子邮件", "Email", True),
    ChannelKind.PHONE: ("服务热线", "Phone", True),
    ChannelKind.WECHAT: ("微信公众号", "WeChat", False),
    ChannelKind.SMS: ("短信", "SMS", False),
    ChannelKind.SHOP: ("网店客服", "Shop", False),
}


@transaction.atomic
def load_defaults(at: datetime) -> int:
    """Make the channels that a brand does not have yet, and start the look for idle conversations; what is
    there stays as it is. Returns how many were made. Needs the brands (customers.services.defaults)."""
    made = 0
    for brand in Brand.objects.order_by("pk"):
        for kind, (name_zh, name_en, enabled) in CHANNELS.items():
            if Channel.objects.filter(brand=brand, kind=kind).exists():
                continue
            Channel.objects.create(
                code=f"{brand.code}-{kind.value.replace('_', '-')}"[:50],
                kind=kind,
                brand=brand,
                name_zh=name_zh,
                name_en=name_en,
                enabled=enabled,
            )
            made += 1
    if not Timer.objects.filter(dedupe="channels.end_idle").exists():
        set_timer("channels.end_idle", subject_id=0, due_at=at, dedupe="channels.end_idle")
    return made
