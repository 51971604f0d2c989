"""Channels, threads and what was said in them, made as the services make them."""

from datetime import UTC, datetime

import factory

from channels_hub.enums import Author, ChannelKind, Direction, SendState
from channels_hub.models import Channel, Conversation, Message, Outbox, Thread
from tests.factories.customers import BrandFactory, CustomerFactory

AT = datetime(2026, 3, 17, 2, 0, tzinfo=UTC)


class ChannelFactory(factory.django.DjangoModelFactory):
    """A web form; `kind=` makes another."""

    class Meta:
        model = Channel
        django_get_or_create = ("code",)
        skip_postgeneration_save = True

    kind = ChannelKind.WEB_FORM
    brand = factory.SubFactory(BrandFactory)
    code = factory.LazyAttribute(lambda o: f"{o.brand.code}-{str(o.kind).replace('_', '-')}")
    name_zh = "网页表单"
    name_en = "Web form"


class ThreadFactory(factory.django.DjangoModelFactory):
    """A customer's thread; `customer=None` for somebody unknown."""

    class Meta:
        model = Thread
        skip_postgeneration_save = True

    channel = factory.SubFactory(ChannelFactory)
    external_id = factory.Sequence("identity-{}".format)
    customer = factory.SubFactory(CustomerFactory)
    language = "en"
    created_at = AT


class ConversationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Conversation

    thread = factory.SubFactory(ThreadFactory)
    started_at = AT


class MessageFactory(factory.django.DjangoModelFactory):
    """What a customer said; the thread's counter follows. `direction=Direction.OUT, author=…` for ours."""

    class Meta:
        model = Message
        skip_postgeneration_save = True

    thread = factory.SubFactory(ThreadFactory)
    conversation = factory.LazyAttribute(
        lambda o: (
            Conversation.objects.filter(thread=o.thread, ended_at=None).first()
            or ConversationFactory(thread=o.thread)
        )
    )
    seq = factory.LazyAttribute(lambda o: o.thread.last_seq + 1)
    direction = Direction.IN
    author = Author.CUSTOMER
    body = "门锁连不上网"
    at = AT
    state = factory.LazyAttribute(
        lambda o: SendState.RECEIVED if o.direction == Direction.IN else SendState.SENT
    )

    @factory.post_generation
    def counted(self: Message, create: bool, extracted: object, **kwargs: object) -> None:
        self.thread.last_seq = self.seq
        self.thread.last_message_at = self.at
        Thread.objects.filter(pk=self.thread_id).update(last_seq=self.seq, last_message_at=self.at)


class OutboxFactory(factory.django.DjangoModelFactory):
    """A mail waiting to be sent."""

    class Meta:
        model = Outbox

    channel = factory.SubFactory(ChannelFactory, kind=ChannelKind.EMAIL)
    recipient = "customer@example.com"
    subject = "Your request"
    body = "We are looking into it."
    dedupe = factory.Sequence("mail-{}".format)
    next_at = AT
    created_at = AT
